package wire

import "bytes"

// TokenType says what [Scanner.Next] found.
type TokenType uint8

const (
	// TokenMore: nothing is complete. Come again with the rest of the buffer and more bytes behind it.
	TokenMore TokenType = iota
	// TokenHeader: a stream header, in Token.Header.
	TokenHeader
	// TokenStanza: an element under the stream; Token.Stanza returns it.
	TokenStanza
	// TokenEnd: the end tag of the stream.
	TokenEnd
)

// Token is what Next found. It is valid until the next call of the scanner.
type Token struct {
	Type   TokenType
	Header *Header // of TokenHeader, else nil: a Token stays small, since an idle reader's stack holds several

	s   *Scanner
	buf []byte // the element
}

// Scanner reads one stream. It holds a few hundred bytes while nothing is under way; its working arrays come from a pool.
//
// A Scanner belongs to one goroutine at a time. After an error it must not be used before Reset.
type Scanner struct {
	limits  Limits
	hdr     *scope // what the stream header declared; nil before it
	w       *work  // non-nil while an element is under way, or its token in use
	to      Addr   // the last addresses: most stanzas of a stream go to the same few
	from    Addr
	offset  int64 // bytes consumed since the start of the stream
	pos     int   // within an element: where to go on
	seen    int   // within an incomplete tag: how far we looked for its end
	state   uint8
	quote   byte // within an incomplete tag: the quote that is open
	partial bool // the tag at pos was incomplete
	pending bool // a tag between stanzas, or the header, is incomplete
	fresh   bool // Reset was called: white space may stand before the XML declaration
}

const (
	stHeader   = iota // a stream header must come
	stIdle            // between stanzas
	stElement         // within one
	stDone            // an element's token is in use
	stEnd             // behind the end tag
	stEmptyEnd        // the header was an empty-element tag: its end comes next
)

// NewScanner returns a scanner that awaits a stream header.
func NewScanner(l Limits) *Scanner { return &Scanner{limits: l.orDefault()} }

// SetLimits changes the limits from the next tag on.
func (s *Scanner) SetLimits(l Limits) { s.limits = l.orDefault() }

// Reset awaits a new stream header, as after STARTTLS, SASL or on a resumed connection (RFC 6120 §4.3.3). Limits stay.
func (s *Scanner) Reset() {
	s.release()
	*s = Scanner{limits: s.limits, fresh: true}
}

// InStanza reports whether bytes of something unfinished are pending, be it a stanza, the header or the end tag: the
// reader must keep its buffer, and the peer may be held to a deadline.
func (s *Scanner) InStanza() bool { return s.state == stElement || s.pending }

// Offset returns how many bytes were consumed since the start of the stream.
func (s *Scanner) Offset() int64 { return s.offset }

// Next looks at buf, which must begin at the first byte not yet consumed, and returns at most one token and the number of
// bytes to drop from the front of buf.
//
// With TokenMore the caller passes the rest of buf again, with more bytes behind it; looking again costs no more than the
// new bytes. White space between stanzas is consumed at once and is no stanza (RFC 6120 §4.6.1). The error is a
// *[SyntaxError]. Next keeps no reference to buf beyond the token. It does not allocate for stanzas of the usual shape.
func (s *Scanner) Next(buf []byte) (Token, int, error) {
	s.pending = false
	switch s.state {
	case stHeader:
		if len(buf) == 0 {
			return Token{}, 0, nil
		}
		return s.header(buf)
	case stEmptyEnd:
		s.state = stEnd
		return Token{Type: TokenEnd}, 0, nil
	case stEnd:
		n := skipSpace(buf, 0)
		if n < len(buf) {
			return Token{}, 0, errAfterEnd.at(s.offset)
		}
		s.offset += int64(n)
		return Token{}, n, nil
	case stDone:
		s.state = stIdle
	}
	skipped := 0
	if s.state == stIdle {
		skipped = skipSpace(buf, 0)
		s.offset += int64(skipped)
		buf = buf[skipped:]
		if len(buf) == 0 {
			s.release()
			return Token{}, skipped, nil
		}
		if buf[0] != '<' {
			return Token{}, skipped, errStray.at(s.offset)
		}
		if len(buf) > 1 && buf[1] == '/' {
			return s.streamEnd(buf, skipped)
		}
		if len(buf) == 1 {
			s.pending = true
			return Token{}, skipped, nil
		}
		s.begin()
	}
	n, f := s.element(buf)
	if f == nil && (n > s.limits.StanzaBytes || n == 0 && len(buf) > s.limits.StanzaBytes) {
		f = errBytes
	}
	if f == nil && n > 0 && s.w.odd {
		s.w.canon, f = s.canonical(buf[:n])
	}
	if f != nil {
		return Token{}, skipped, f.at(s.offset + int64(s.pos))
	}
	if n == 0 {
		return Token{}, skipped, nil
	}
	s.state = stDone
	s.offset += int64(n)
	return Token{Type: TokenStanza, s: s, buf: buf[:n]}, skipped + n, nil
}

// streamEnd reads the end tag of the stream; the prefix is the header's.
func (s *Scanner) streamEnd(b []byte, skipped int) (Token, int, error) {
	name := s.hdr.name
	s.pending = true
	for i := 0; i < len(name); i++ {
		if i+2 >= len(b) {
			return Token{}, skipped, nil
		}
		if b[i+2] != name[i] {
			return Token{}, skipped, errEndTag.at(s.offset)
		}
	}
	i := skipSpace(b, 2+len(name))
	if i >= len(b) {
		if len(b) > s.limits.StanzaBytes {
			return Token{}, skipped, errBytes.at(s.offset)
		}
		return Token{}, skipped, nil
	}
	if b[i] != '>' {
		return Token{}, skipped, errEndTag.at(s.offset)
	}
	s.offset += int64(i + 1)
	s.state, s.pending = stEnd, false
	s.release()
	return Token{Type: TokenEnd}, skipped + i + 1, nil
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// element goes on with the element that b begins with. It returns its length once it is complete, or 0.
func (s *Scanner) element(b []byte) (int, *fault) {
	for {
		if len(s.w.stack) > 0 {
			if f := s.text(b); f != nil {
				return 0, f
			}
		}
		if s.pos >= len(b) || b[s.pos] != '<' || s.pos+1 >= len(b) {
			return 0, nil
		}
		if s.partial && !s.tagEnds(b) {
			return 0, nil
		}
		var next int
		var f *fault
		switch b[s.pos+1] {
		case '/':
			next, f = s.endTag(b)
		case '!':
			next, f = s.cdata(b)
		case '?':
			f = errComment
		default:
			next, f = s.startTag(b)
		}
		if f != nil {
			return 0, f
		}
		if next == 0 {
			if s.partial { // its end is there, and yet it is not complete
				return 0, errTag
			}
			if b[s.pos+1] != '!' {
				s.partial, s.seen, s.quote = true, s.pos+1, 0
				if s.tagEnds(b) {
					return 0, errTag
				}
			}
			return 0, nil
		}
		s.pos, s.partial = next, false
		if next > s.limits.StanzaBytes {
			return 0, errBytes
		}
		if len(s.w.stack) == 0 {
			return next, nil
		}
	}
}

// tagEnds looks for the end of an incomplete tag from where it stopped the last time, so that a tag that trickles in is
// read twice in all and not once for each piece.
func (s *Scanner) tagEnds(b []byte) bool {
	for i := s.seen; i < len(b); {
		if s.quote != 0 {
			j := bytes.IndexByte(b[i:], s.quote)
			if j < 0 {
				break
			}
			i += j + 1
			s.quote = 0
			s.seen = i
			continue
		}
		switch c := b[i]; c {
		case '>':
			s.seen = i
			return true
		case '"', '\'':
			s.quote = c
		}
		i++
		s.seen = i
	}
	s.seen = len(b)
	return false
}
