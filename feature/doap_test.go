package feature_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"salon.im/salon/feature"
	"salon.im/salon/router"
)

// XEP-0453 §3: what is advertised stands in the file, by number, well-formed whatever a note says.
func TestDOAP(t *testing.T) {
	w := newWorld(t)
	feature.Escaping(w.r)
	w.r.Advertise(router.OnRoom, router.XEP{Num: 9999, Version: "0.1", Status: "partial", Note: "a < b & c"})
	doc := feature.RenderDOAP(w.r)
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	s := string(doc)
	w.want(s, `xep-0030.html"/>`, `<xmpp:version>1.1.1</xmpp:version>`, `<xmpp:note>a &lt; b &amp; c</xmpp:note>`)
	if strings.Index(s, "xep-0030") > strings.Index(s, "xep-0106") || strings.Index(s, "xep-0106") > strings.Index(s, "xep-9999") {
		t.Error("not in order")
	}
}

// Advertise keeps a version for each XEP: the newest ones that the features were read against.
func TestVersions(t *testing.T) {
	w := newWorld(t)
	for _, x := range w.r.XEPs() {
		if x.Version == "" || x.Status != "complete" && (x.Status != "partial" || x.Note == "") {
			t.Errorf("XEP-%04d: %+v", x.Num, x)
		}
	}
}
