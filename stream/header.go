package stream

import (
	"strings"

	"mellium.im/xmpp/stream"

	"salon.im/salon/wire"
)

// Namespaces of streams.
const (
	NSStream  = "http://etherx.jabber.org/streams"
	nsErrors  = "urn:ietf:params:xml:ns:xmpp-streams"
	NSClient  = "jabber:client"
	NSServer  = "jabber:server"
	streamEnd = "</stream:stream>"
)

// Open is the header that we send (RFC 6120 §4.7).
type Open struct {
	ContentNS string    // NSClient or NSServer
	From      string    // our domain
	To        wire.Addr // the peer, zero if it did not say
	ID        string    // unguessable, ours
	Lang      string
}

// AppendHeader writes the XML declaration and the stream header. Every attribute is escaped.
func AppendHeader(dst []byte, o Open) []byte {
	dst = append(dst, `<?xml version="1.0"?><stream:stream xmlns="`...)
	dst = append(dst, o.ContentNS...)
	dst = append(dst, `" xmlns:stream="`+NSStream+`"`...)
	dst = wire.AppendAttr(dst, "id", o.ID)
	if o.From != "" {
		dst = wire.AppendAttr(dst, "from", o.From)
	}
	if !o.To.IsZero() {
		dst = wire.AppendAttr(dst, "to", o.To.String())
	}
	dst = wire.AppendAttr(dst, "xml:lang", cmpOr(o.Lang, "en"))
	return append(dst, ` version="1.0">`...)
}

// AppendFeatures writes the stream features (RFC 6120 §4.3.2).
func AppendFeatures(dst []byte, features wire.Payload) []byte {
	if len(features) == 0 {
		return append(dst, "<stream:features/>"...)
	}
	dst = append(dst, "<stream:features>"...)
	dst = append(dst, features...)
	return append(dst, "</stream:features>"...)
}

// AppendError writes a stream error, with application-specific conditions if there are any, and the end of the stream
// (RFC 6120 §4.9.1).
func AppendError(dst []byte, e stream.Error, application ...wire.Payload) []byte {
	dst = append(dst, "<stream:error>"...)
	dst = append(dst, '<')
	dst = append(dst, e.Err...)
	dst = append(dst, ` xmlns="`+nsErrors+`"/>`...)
	for _, t := range e.Text {
		w := wire.NewWriter()
		w.Start(nsErrors, "text")
		w.Attr("xml:lang", cmpOr(t.Lang, "en"))
		w.Text(t.Value)
		w.End()
		dst = append(dst, w.Payload()...)
	}
	for _, p := range application {
		dst = append(dst, p...)
	}
	dst = append(dst, "</stream:error>"...)
	return AppendEnd(dst)
}

// AppendEnd writes the end of the stream (RFC 6120 §4.4).
func AppendEnd(dst []byte) []byte { return append(dst, streamEnd...) }

// Error makes a stream error with a text for people. condition is one of RFC 6120 §4.9.3.
func Error(condition, text string) stream.Error {
	e := stream.Error{Err: condition}
	if text != "" {
		e.Text = append(e.Text, struct{ Lang, Value string }{"en", text})
	}
	return e
}

func cmpOr(s, or string) string {
	if strings.TrimSpace(s) == "" {
		return or
	}
	return s
}
