package stream

import (
	"strings"

	"mellium.im/xmpp/stream"

	"salon.im/salon/wire"
)

const (
	nsErrors  = "urn:ietf:params:xml:ns:xmpp-streams"
	streamEnd = "</stream:stream>"
)

// Open is the header that we send (RFC 6120 §4.7).
type Open struct {
	ContentNS string    // wire.NSClient or wire.NSServer
	From      string    // our domain
	To        wire.Addr // the peer, zero if it did not say
	ID        string    // unguessable, ours
	Lang      string
}

// AppendHeader writes the XML declaration and the stream header. Every attribute is escaped.
func AppendHeader(dst []byte, o Open) []byte {
	dst = append(dst, `<?xml version="1.0"?><stream:stream xmlns="`...)
	dst = append(dst, o.ContentNS...)
	dst = append(dst, `" xmlns:stream="`+wire.NSStream+`"`...)
	dst = wire.AppendAttr(dst, "id", o.ID)
	if o.From != "" {
		dst = wire.AppendAttr(dst, "from", o.From)
	}
	if !o.To.IsZero() {
		dst = wire.AppendAttr(dst, "to", o.To.String())
	}
	dst = wire.AppendAttr(dst, "xml:lang", language(o.Lang))
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
		w.Attr("xml:lang", language(t.Lang))
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

// language is a language tag, English for none.
func language(tag string) string {
	if strings.TrimSpace(tag) == "" {
		return "en"
	}
	return tag
}
