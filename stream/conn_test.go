package stream_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"salon.im/salon/stream"
	"salon.im/salon/wire"
)

const header = `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0" to="localhost">`

func TestConnReadsHowEverItComes(t *testing.T) {
	t.Parallel()
	long := `<message><body>` + strings.Repeat("long ", 20000) + `</body></message>`
	in := header + ` <presence/>` + long + "\n<iq type=\"get\" id=\"1\"><a xmlns=\"b\"/></iq></stream:stream>"
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "by byte": iotest.OneByteReader, "by half": iotest.HalfReader,
	} {
		c, client := clear(t)
		go func() {
			io.Copy(client, wrap(strings.NewReader(in)))
			client.Close()
		}()
		var got []string
		for {
			tok, err := c.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got = append(got, string(tok.Stanza().Append(nil)))
		}
		if len(got) != 5 || got[0] != "" || got[1] != "<presence/>" || got[2] != long || got[4] != "" {
			t.Errorf("%s: %d tokens", name, len(got))
		}
		if since := time.Since(c.Heard()); since > patience {
			t.Errorf("%s: heard %v ago", name, since)
		}
		c.Free()
	}
}

// RFC 6120 §5.4.2: bytes behind <starttls/> are never read as if they came through TLS.
func TestStartTLSRefusesWhatIsBuffered(t *testing.T) {
	t.Parallel()
	c, client := clear(t)
	go io.WriteString(client, header+`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/><presence/>`)
	for range 2 {
		if _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.StartTLS(serverTLS()); !c.Buffered() || !errors.Is(err, stream.ErrBuffered) {
		t.Errorf("got %v", err)
	}
}

func TestConnEndsAtTheLimit(t *testing.T) {
	t.Parallel()
	c, client := clear(t)
	c.SetLimits(wire.Limits{StanzaBytes: 40000})
	go io.WriteString(client, header+`<message><body>`+strings.Repeat("x", 50000))
	c.Next()
	_, err := c.Next()
	var syntax *wire.SyntaxError
	if !errors.As(err, &syntax) || syntax.Condition != "policy-violation" {
		t.Errorf("got %v", err)
	}
}

// A closed connection ends the wait of a reader that is over its rate.
func TestCloseEndsTheWaitForTheRate(t *testing.T) {
	t.Parallel()
	c, client := clear(t)
	c.SetRate(stream.NewBucket(1, 1), nil)
	go io.WriteString(client, header+`<presence/>`)
	time.AfterFunc(time.Millisecond, func() { c.Close() })
	begin := time.Now()
	for {
		if _, err := c.Next(); err != nil {
			break
		}
	}
	if d := time.Since(begin); d > patience {
		t.Errorf("waited %v", d)
	}
}

// A peer that goes on talking after our last words is heard for so many bytes only. The pipe has no buffer.
func TestDiscardIsBounded(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go stream.NewConn(ours, wire.Limits{StanzaBytes: 1000}).Discard(patience)
	sent, err := 0, error(nil)
	for block := make([]byte, 64<<10); err == nil && sent < 8<<20; {
		var n int
		n, err = theirs.Write(block)
		sent += n
	}
	if err == nil {
		t.Errorf("%d bytes were read", sent)
	}
}

func TestBucket(t *testing.T) {
	t.Parallel()
	now := time.Now()
	b := stream.NewBucket(10, 20)
	b.SetClock(func() time.Time { return now })
	for i, row := range []struct {
		after time.Duration
		take  int
		wait  time.Duration
	}{
		{0, 20, 0}, {0, 1, 100 * time.Millisecond}, {100 * time.Millisecond, 0, 0},
		{time.Hour, 21, 100 * time.Millisecond}, {0, 9, time.Second},
	} {
		now = now.Add(row.after)
		if got := b.Take(row.take).Round(time.Millisecond); got != row.wait {
			t.Errorf("%d: got %v, want %v", i, got, row.wait)
		}
	}
	if stream.NewBucket(0, 5) != nil {
		t.Error("no rate has a bucket")
	}
}

// Widespread clients send a newline behind <starttls/>, which is dropped.
func TestStartTLSDropsWhitespace(t *testing.T) {
	t.Parallel()
	c, client := clear(t)
	go io.WriteString(client, header+`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`+"\r\n")
	for range 2 {
		if _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if c.Buffered() {
		t.Error("a newline counts as data")
	}
	tc := tls.Client(client, &tls.Config{InsecureSkipVerify: true})
	go tc.Handshake()
	if err := c.StartTLS(serverTLS()); err != nil {
		t.Errorf("got %v", err)
	}
}
