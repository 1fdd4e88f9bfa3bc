package server_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"salon.im/salon/feature"
	"salon.im/salon/internal/xmpptest"
)

var update = flag.Bool("update", false, "write what the tests compare with")

// doap.xml says what a server with the default settings advertises (XEP-0453).
func TestDOAP(t *testing.T) {
	const file = "../doap.xml"
	got := feature.RenderDOAP(xmpptest.Start(t).Router())
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("doap.xml differs from what is advertised: go test ./server -run DOAP -update\n%s", got)
	}
}
