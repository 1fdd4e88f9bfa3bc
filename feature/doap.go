package feature

import (
	"encoding/xml"
	"fmt"
	"strings"

	"salon.im/salon/router"
)

const doapHead = `<?xml version="1.0" encoding="UTF-8"?>
<!-- Rendered from what the features advertise; a test keeps it so. -->
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://usefulinc.com/ns/doap#" xmlns:xmpp="https://linkmauve.fr/ns/xmpp-doap#">
  <Project>
    <name>Salon</name>
    <shortdesc xml:lang="en">An XMPP server for group chat</shortdesc>
    <homepage rdf:resource="https://salon.im/"/>
    <programming-language>Go</programming-language>
    <category rdf:resource="https://linkmauve.fr/ns/xmpp-doap#category-server"/>
`

// doapRFCs are the standards that the packages below the features implement.
var doapRFCs = []int{5802, 6120, 6121, 7590, 7622, 7677, 9266}

// RenderDOAP renders the project's doap.xml from everything that was advertised (XEP-0453 §3), in order of the numbers.
func RenderDOAP(r *router.Router) []byte {
	var b strings.Builder
	b.WriteString(doapHead)
	for _, n := range doapRFCs {
		fmt.Fprintf(&b, "    <implements rdf:resource=\"https://xmpp.org/rfcs/rfc%d.html\"/>\n", n)
	}
	for _, x := range r.XEPs() {
		b.WriteString("    <implements>\n      <xmpp:SupportedXep>\n")
		fmt.Fprintf(&b, "        <xmpp:xep rdf:resource=\"https://xmpp.org/extensions/xep-%04d.html\"/>\n", x.Num)
		doapElem(&b, "status", x.Status)
		doapElem(&b, "version", x.Version)
		if x.Note != "" {
			doapElem(&b, "note", x.Note)
		}
		b.WriteString("      </xmpp:SupportedXep>\n    </implements>\n")
	}
	b.WriteString("  </Project>\n</rdf:RDF>\n")
	return []byte(b.String())
}

func doapElem(b *strings.Builder, name, text string) {
	fmt.Fprintf(b, "        <xmpp:%s>", name)
	_ = xml.EscapeText(b, []byte(text)) // a Builder never fails
	fmt.Fprintf(b, "</xmpp:%s>\n", name)
}
