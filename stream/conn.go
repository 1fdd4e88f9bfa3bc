package stream

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"salon.im/salon/wire"
)

// smallRead is what an idle connection reads into.
const smallRead = 256

// pooledRead is the size of the buffers that a stanza under way is read into; longer stanzas grow their own.
const pooledRead = 16 << 10

var readBuffers = sync.Pool{New: func() any { b := make([]byte, pooledRead); return &b }}

// ErrBuffered says that bytes were received behind <starttls/>: plaintext that must not be read as if it came through
// TLS (RFC 6120 §5.4.2, CVE-2011-0411).
var ErrBuffered = errors.New("stream: data behind <starttls/>")

// Conn is one XML stream over one connection. Next and the negotiation's writes belong to one goroutine at a time;
// Close is safe for any.
type Conn struct {
	sock *socket
	nc   net.Conn // sock, or TLS over it
	tls  *tls.Conn
	scan *wire.Scanner

	small  [smallRead]byte
	pooled *[]byte
	large  []byte // a stanza beyond pooledRead; dropped when it is consumed
	unread []byte // received and not consumed, in small, *pooled or large

	bytes, stanzas *Bucket      // nil: no limit
	heard          atomic.Int64 // Unix nanoseconds of the last bytes received
	closeOnce      sync.Once
	closed         chan struct{}
}

// NewConn puts an XML stream on a connection.
func NewConn(nc net.Conn, l wire.Limits) *Conn {
	s := newSocket(nc)
	c := &Conn{sock: s, nc: s, scan: wire.NewScanner(l), closed: make(chan struct{})}
	c.heard.Store(time.Now().UnixNano())
	return c
}

// Heard returns when the peer last sent anything, white space included (RFC 6120 §4.6.1). Safe for any goroutine.
func (c *Conn) Heard() time.Time { return time.Unix(0, c.heard.Load()) }

// SetLimits changes the limits from the next stanza on.
func (c *Conn) SetLimits(l wire.Limits) {
	c.scan.SetLimits(l)
}

// SetRate limits what Next returns over time; nil is no limit. A peer over its rate is read more slowly.
func (c *Conn) SetRate(bytes, stanzas *Bucket) { c.bytes, c.stanzas = bytes, stanzas }

// Restart expects a new stream header next (RFC 6120 §4.3.3).
func (c *Conn) Restart() { c.scan.Reset() }

// TLS returns the TLS connection, nil before StartTLS.
func (c *Conn) TLS() *tls.Conn { return c.tls }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.sock.RemoteAddr() }

// SetDeadline bounds all reads and writes of the negotiation; zero is none.
func (c *Conn) SetDeadline(t time.Time) error { return c.sock.SetDeadline(t) }

// StartTLS performs the server's handshake, and expects a new stream header behind it. It returns ErrBuffered, without a handshake, if
// anything but whitespace was received already. The caller has set a deadline.
func (c *Conn) StartTLS(cfg *tls.Config) error {
	if c.Buffered() {
		return ErrBuffered
	}
	c.unread = c.unread[len(c.unread):]
	t := tls.Server(c.sock, cfg)
	if err := t.Handshake(); err != nil {
		return err
	}
	c.tls, c.nc = t, t
	c.Restart()
	return nil
}

// Next returns the next token. What it returns is valid until the next call, but Stanza() of it stays. The error is a
// *wire.SyntaxError for what must be answered with a stream error, io.EOF at the end of the connection, or the network's.
func (c *Conn) Next() (wire.Token, error) {
	for {
		if len(c.unread) > 0 {
			tok, n, err := c.scan.Next(c.unread)
			if c.bytes != nil {
				c.wait(c.bytes.Take(n))
			}
			c.unread = c.unread[n:]
			if err != nil {
				return wire.Token{}, err
			}
			if tok.Type != wire.TokenMore {
				if tok.Type == wire.TokenStanza && c.stanzas != nil {
					c.wait(c.stanzas.Take(1))
				}
				return tok, nil
			}
		}
		if err := c.fill(); err != nil {
			return wire.Token{}, err
		}
	}
}

// Buffered reports whether received bytes wait in front of Next. Whitespace does not count: RFC 6120 §5.3.3 forbids it behind
// <starttls/>, but widespread clients send a newline there, and dropped it does no harm.
func (c *Conn) Buffered() bool { return len(bytes.TrimLeft(c.unread, " \t\r\n")) > 0 }

// fill reads more. With nothing unread it gives the buffers back first and reads into the small one.
func (c *Conn) fill() error {
	dst, kept := c.room()
	n, err := c.nc.Read(dst)
	if n > 0 {
		c.heard.Store(time.Now().UnixNano())
		c.unread = kept[:len(kept)+n]
		return nil
	}
	if err == nil {
		return nil // an empty TLS record
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// room returns where to read to, and the unread bytes in front of it.
func (c *Conn) room() (dst, kept []byte) {
	if len(c.unread) == 0 {
		c.release()
		return c.small[:], c.small[:0]
	}
	buf := c.large
	if buf == nil {
		if c.pooled == nil {
			c.pooled = readBuffers.Get().(*[]byte)
		}
		buf = *c.pooled
	}
	n := len(c.unread)
	if n == len(buf) {
		// The scanner's limit ends a stanza that grows for ever; this only doubles up to it.
		buf = make([]byte, 2*len(buf))
		c.large = buf
	}
	if &buf[0] != &c.unread[0] { // a stanza that drips in is not moved for each drop
		copy(buf, c.unread)
	}
	if c.large != nil && c.pooled != nil {
		readBuffers.Put(c.pooled)
		c.pooled = nil
	}
	return buf[n:], buf[:n]
}

func (c *Conn) release() {
	c.large, c.unread = nil, nil
	if c.pooled != nil {
		readBuffers.Put(c.pooled)
		c.pooled = nil
	}
}

func (c *Conn) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.closed:
	}
}

// Write sends bytes during negotiation, before an Outbox drives the connection.
func (c *Conn) Write(b []byte) error {
	_, err := c.nc.Write(b)
	return err
}

// Close closes the connection. It is idempotent, and ends a Next under way. It does not wait.
func (c *Conn) Close() error {
	c.closeOnce.Do(func() {
		close(c.closed)
		c.sock.Close()
	})
	return nil
}

// Done is closed by Close.
func (c *Conn) Done() <-chan struct{} { return c.closed }

// lingerTime is how long a peer has to close its half of the connection after we closed ours.
const lingerTime = 2 * time.Second

// Finish ends our side politely: TLS's close_notify, the rest of the bytes, our half of the connection. It waits for a peer
// that does not read, at most timeout. The peer has lingerTime to close its own half: an earlier close would meet bytes
// that nobody read, and the reset that TCP answers them with destroys our last words on their way. Safe for any goroutine.
func (c *Conn) Finish(timeout time.Duration) {
	if c.tls != nil {
		c.tls.CloseWrite()
	}
	if c.sock.stalled() {
		c.sock.drain(timeout)
	}
	if !c.sock.closeWrite() {
		c.Close()
		return
	}
	time.AfterFunc(lingerTime, func() { c.Close() })
}

// maxDiscard is how much Discard reads of a peer that goes on talking: beyond what is under way, it does not listen.
const maxDiscard = 4 << 20

// Discard reads and drops what still comes until the connection ends, at most for long and maxDiscard bytes, and closes it.
// Only the reader calls it, after it has asked for an end.
func (c *Conn) Discard(long time.Duration) {
	defer c.Close()
	c.release()
	c.sock.SetReadDeadline(time.Now().Add(long))
	for n := 0; n < maxDiscard; {
		m, err := c.sock.Conn.Read(c.small[:])
		if err != nil {
			return
		}
		n += m
	}
}

// Free gives the read buffers back. The reader calls it when it ends.
func (c *Conn) Free() { c.release() }
