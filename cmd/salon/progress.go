package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progressEvery is how often a progress is shown: keys of thousands of passwords take minutes.
const progressEvery = 200 * time.Millisecond

// progress counts the lines that are read through it, and shows the number on a terminal. What is read is nearly what is
// done: a batch of users is read, then stored.
type progress struct {
	r     io.Reader
	w     io.Writer // nil: nobody looks
	lines int
	shown time.Time
}

// progress shows how far a file has been read, if standard error is a terminal.
func (a *app) progress(file io.Reader) *progress {
	p := &progress{r: file, shown: time.Now()}
	if f, ok := a.err.(*os.File); ok && !a.json && term.IsTerminal(int(f.Fd())) {
		p.w = f
	}
	return p
}

// Read implements io.Reader.
func (p *progress) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.lines += bytes.Count(b[:n], []byte("\n"))
	if p.w != nil && time.Since(p.shown) >= progressEvery {
		p.shown = time.Now()
		_, _ = fmt.Fprintf(p.w, "\r%d lines read", p.lines)
	}
	return n, err
}

// end clears the line for what follows.
func (p *progress) end() {
	if p.w != nil {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K")
	}
}
