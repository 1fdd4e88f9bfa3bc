package xmpptest_test

import (
	"testing"

	"salon.im/salon/internal/xmpptest"
)

// TestScripts runs the scripts of testdata/script; the language is described in the package's documentation.
func TestScripts(t *testing.T) { xmpptest.RunScripts(t, "../../testdata/script") }

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		xmpptest.Start(b).Stop()
	}
}
