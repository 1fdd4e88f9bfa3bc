package wire

import "sync"

// work is what only an element under way needs.
type work struct {
	stack []frame
	binds []binding
	attrs []attr
	kids  []kidSpan
	root  rootSpan
	used  uint64 // header prefixes in use, by index
	odd   bool   // the canonical form is not the bytes as they came
	canon Stanza // the canonical form, where odd
}

// frame is an open element.
type frame struct {
	name  span  // as written, prefix included
	binds int   // len(work.binds) outside of it
	def   nsval // default namespace in force inside
}

// span is a range of the buffer.
type span struct{ off, end int32 }

func (p span) of(b []byte) []byte { return b[p.off:p.end] }
func (p span) len() int           { return int(p.end - p.off) }

var workPool = sync.Pool{New: func() any {
	return &work{
		stack: make([]frame, 0, 16), binds: make([]binding, 0, 16),
		attrs: make([]attr, 0, 16), kids: make([]kidSpan, 0, 8),
	}
}}

// release gives the arrays back, unless they grew out of the ordinary.
func (s *Scanner) release() {
	if w := s.w; w != nil {
		s.w = nil
		if cap(w.kids) <= 64 && cap(w.stack) <= 128 {
			w.reset()
			workPool.Put(w)
		}
	}
}

func (w *work) reset() {
	clear(w.stack[:cap(w.stack)])
	clear(w.binds[:cap(w.binds)])
	clear(w.kids[:cap(w.kids)])
	w.stack, w.binds, w.attrs, w.kids = w.stack[:0], w.binds[:0], w.attrs[:0], w.kids[:0]
	w.root, w.used, w.odd, w.canon = rootSpan{}, 0, false, Stanza{}
}

// begin readies the arrays for one element.
func (s *Scanner) begin() {
	if s.w == nil {
		s.w = workPool.Get().(*work)
	}
	w := s.w
	w.stack, w.binds, w.attrs, w.kids = w.stack[:0], w.binds[:0], w.attrs[:0], w.kids[:0]
	w.root, w.used, w.odd, w.canon = rootSpan{}, 0, false, Stanza{}
	s.state, s.pos, s.seen, s.partial = stElement, 0, 0, false
}
