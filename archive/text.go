package archive

import (
	"strings"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsFallback = "urn:xmpp:fallback:0"
	nsEME      = "urn:xmpp:eme:0"
)

// encrypted lists the children of a message whose body only says that it cannot be read: those from before XEP-0380.
var encrypted = map[name]bool{
	{"eu.siacs.conversations.axolotl", "encrypted"}: true,
	{"urn:xmpp:omemo:1", "encrypted"}:               true,
	{"urn:xmpp:omemo:2", "encrypted"}:               true,
	{"urn:xmpp:openpgp:0", "openpgp"}:               true,
	{"jabber:x:encrypted", "x"}:                     true,
	{nsEME, "encryption"}:                           true, // XEP-0380 §3
}

// Text returns what full-text search finds a row by: the subjects and bodies in all languages, a line each, without what
// stands there for clients that do not understand the message (XEP-0380, XEP-0428). It is "" for a tombstone, a message
// without words, and bytes that do not parse.
func Text(row storage.Row) string {
	if row.Tombstone {
		return ""
	}
	st, err := wire.Parse(row.Stanza)
	if err != nil || st.Kind() != wire.KindMessage {
		return ""
	}
	var noBody, noSubject bool
	for k := range st.Kids() {
		n := k.Name()
		switch {
		case encrypted[name{n.Space, n.Local}]:
			noBody = true
		case k.Is(nsFallback, "fallback"):
			body, subject := replaced(k)
			noBody, noSubject = noBody || body, noSubject || subject
		}
	}
	var lines []string
	for k := range st.Kids() {
		if k.Is("", "body") && !noBody || k.Is("", "subject") && !noSubject {
			if text := k.Text(); text != "" {
				lines = append(lines, text)
			}
		}
	}
	return head(strings.Join(lines, "\n"))
}

// maxText bounds the text of one row in bytes: what follows is not found.
const maxText = 32 << 10

// head cuts a text to its bound, at the end of a character.
func head(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

// replaced reports of which elements a <fallback/> says that the whole is a stand-in. A part, such as the quotation before
// a reply, does not matter: its words were said.
func replaced(fallback wire.Kid) (body, subject bool) {
	none := true
	for k := range fallback.Kids() {
		none = false
		if k.HasAttr("start") || k.HasAttr("end") {
			continue
		}
		body = body || k.Is(nsFallback, "body")
		subject = subject || k.Is(nsFallback, "subject")
	}
	return body || none, subject || none
}
