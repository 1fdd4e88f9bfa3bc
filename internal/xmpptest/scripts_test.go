package xmpptest_test

import (
	"testing"

	"salon.im/salon/internal/xmpptest"
)

// TestScripts runs the scripts of testdata/script; the language is described in the package's documentation. Those of
// security/ are for TestSecurityScripts.
func TestScripts(t *testing.T) { xmpptest.RunScripts(t, "../../testdata/script") }

// TestSecurityScripts runs those of security/ over each transport, while two others talk on each server.
func TestSecurityScripts(t *testing.T) {
	t.Parallel()
	for _, over := range scriptsOver {
		t.Run(over.String(), func(t *testing.T) {
			xmpptest.RunScriptsOver(t, "../../testdata/script/security", over, func(t *testing.T, s *xmpptest.Server) func() {
				others := watch(t, s)
				return func() {
					others.more(1)
					others.stop()
				}
			})
		})
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		xmpptest.Start(b).Stop()
	}
}
