package xmpptest_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"salon.im/salon/config"
	"salon.im/salon/internal/xmpptest"
	"salon.im/salon/wire"
)

// TestTLSPolicy holds both ways to TLS against what RFC 9325 §3.1 and §4.2 forbid (B04-B06).
func TestTLSPolicy(t *testing.T) {
	t.Parallel()
	s := xmpptest.Start(t)
	direct := func() net.Conn { return dial(t, s, "c2s direct") }
	starttls := func() net.Conn {
		conn := dial(t, s, "c2s")
		proceeds(t, conn)
		return conn
	}
	for i, c := range []struct {
		min, max uint16
		suites   []uint16
		ok       bool
	}{
		0: {tls.VersionTLS10, tls.VersionTLS10, nil, false},
		1: {tls.VersionTLS11, tls.VersionTLS11, nil, false},
		2: {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}, false},
		3: {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}, false},
		4: {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}, false},
		5: {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, true},
		6: {tls.VersionTLS13, tls.VersionTLS13, nil, true},
	} {
		for way, reach := range map[string]func() net.Conn{"direct": direct, "STARTTLS": starttls} {
			err := tls.Client(reach(), &tls.Config{InsecureSkipVerify: true, ServerName: xmpptest.Host,
				MinVersion: c.min, MaxVersion: c.max, CipherSuites: c.suites, NextProtos: []string{"xmpp-client"}}).Handshake()
			if (err == nil) != c.ok {
				t.Errorf("%d, %s: %v", i, way, err)
			}
		}
	}
}

// dial opens a connection of its own, which ends with the test, or when it has waited for long.
func dial(t *testing.T, s *xmpptest.Server, listener string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr(listener).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// proceeds asks for STARTTLS, up to where a handshake must follow.
func proceeds(t *testing.T, conn net.Conn) {
	t.Helper()
	said := ""
	for buf := make([]byte, 4<<10); !strings.Contains(said, "<proceed"); {
		if strings.Contains(said, "</stream:features>") {
			said = ""
			_, _ = io.WriteString(conn, `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
		} else if said == "" {
			_, _ = io.WriteString(conn, header)
		}
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("%v behind %q", err, said)
		}
		said += string(buf[:n])
	}
}

// TestGarbageForTLS: what is no handshake is closed, and disturbs nobody (B06).
func TestGarbageForTLS(t *testing.T) {
	t.Parallel()
	s := xmpptest.Start(t)
	others := watch(t, s)
	for _, garbage := range []string{header, "\x00\x00\x00\x00\x00\x00\x00\x00", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff" + strings.Repeat("x", 1<<16)} {
		for _, listener := range []string{"c2s direct", "c2s"} {
			conn := dial(t, s, listener)
			if listener == "c2s" {
				proceeds(t, conn)
			}
			_, _ = io.WriteString(conn, garbage)
			if said, err := io.ReadAll(conn); timedOut(err) {
				t.Errorf("%s: %.20q is not closed", listener, garbage)
			} else if strings.Contains(string(said), "<stream") {
				t.Errorf("%s: %.20q is answered with %q", listener, garbage, said)
			}
		}
	}
	others.more(1)
	others.stop()
}

func timedOut(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// TestSilentConnections: connections that say nothing, or one byte, or a byte now and then, delay nobody, and are dropped
// when the time to log in is over; they take little memory (A18-A21, I01-I04).
func TestSilentConnections(t *testing.T) { // not in parallel: it watches the memory of the process
	s := xmpptest.Start(t, func(c *config.Config) { c.Limits.LoginTime = 2 * time.Second })
	others := watch(t, s)
	grown := heap()
	var silent []net.Conn
	for i := range 200 {
		conn := dial(t, s, []string{"c2s", "c2s direct"}[i%2])
		switch i / 2 % 4 {
		case 1:
			_, _ = io.WriteString(conn, "<")
		case 2:
			go drip(conn, header[:len(header)-1])
		case 3:
			go drip(conn, header+`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>`)
		}
		silent = append(silent, conn)
	}
	begin := time.Now()
	for i, conn := range silent { // all are dropped in the end
		if _, err := io.Copy(io.Discard, conn); timedOut(err) {
			t.Fatalf("connection %d is not dropped", i)
		}
	}
	t.Logf("the last was dropped after %v", time.Since(begin))
	if by := grown(); by > memory {
		t.Errorf("%d MiB more", by>>20)
	}
	others.stop()
}

// drip writes text and then a space now and then, until the connection ends: whoever waits for silence waits for ever.
func drip(conn net.Conn, text string) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for err := error(nil); err == nil; <-tick.C {
		_, err = io.WriteString(conn, text)
		text = " "
	}
}

// TestConnectionsPerAddress: one address has so many connections, and no more (A21).
func TestConnectionsPerAddress(t *testing.T) {
	t.Parallel()
	s := xmpptest.Start(t, func(c *config.Config) { c.Limits.ConnectionsPerAddress = 3 })
	for range 3 {
		s.At("alice@example.test", "open")
	}
	conn := dial(t, s, "c2s")
	_, _ = io.WriteString(conn, header)
	said, err := io.ReadAll(conn)
	if timedOut(err) || strings.Contains(string(said), "features") {
		t.Errorf("a fourth connection: %q, %v", said, err)
	}
}

// TestAmplification: what alice receives is at most five times what mallory wrote (C31), whatever the declarations.
func TestAmplification(t *testing.T) {
	t.Parallel()
	s := xmpptest.Start(t)
	alice, mallory := s.Online("alice@example.test/phone"), s.Online("mallory@example.test/x")
	for i, body := range []string{
		0: `<a xmlns:p="urn:` + strings.Repeat("x", 20000) + `">` + strings.Repeat("<p:b/>", 3000) + `</a>`,
		1: "<w>" + strings.Repeat(`<a xmlns="urn:b"/>`, 3000) + "</w>",
		2: `<a ` + namespaces(50) + `>` + strings.Repeat("<axxxx:b axxxxx:c=''/>", 1000) + `</a>`,
		3: `<b>` + strings.Repeat("&#60;", 5000) + strings.Repeat("'", 5000) + `</b>`,
	} {
		sent := toVictim + body + `</message>`
		mallory.Send(sent)
		st, err := alice.TryRecv()
		if err != nil {
			end, _ := mallory.TryEnd()
			t.Fatalf("%d: %v; mallory's stream ended with %q", i, err, end)
		}
		if got := len(st.Append(nil)); got > 5*len(sent) || st.From() != mallory.Addr {
			t.Errorf("%d: %d bytes became %d", i, len(sent), got)
		}
	}
}

// TestAmplificationByHeader: a short stanza that uses a long declaration of the stream header would have to carry it to whoever
// receives it (C31). It ends the stream.
func TestAmplificationByHeader(t *testing.T) {
	t.Parallel()
	s := xmpptest.Start(t)
	alice, mallory := s.Online("alice@example.test/phone"), s.Client("mallory@example.test/x")
	mallory.Declares = ` xmlns:p="urn:` + strings.Repeat("x", 8000) + `"`
	mallory.Reach("bound")
	mallory.Send(toVictim + `<p:a/></message>`)
	if condition, err := mallory.TryEnd(); err != nil || condition != policy {
		t.Errorf("the stream ends with %q, %v", condition, err)
	}
	for _, st := range alice.Barrier() {
		t.Errorf("alice received %d bytes", st.Len())
	}
}

// TestHeaderPrefixes: what a stanza means by a prefix of its stream's header, its receiver reads too, whose header has none such
// (C29, C30).
func TestHeaderPrefixes(t *testing.T) {
	t.Parallel()
	s := xmpptest.Start(t)
	alice, mallory := s.Online("alice@example.test/phone"), s.Client("mallory@example.test/x")
	mallory.Declares = ` xmlns:p="urn:example:p" xmlns:c="jabber:client"`
	mallory.Reach("bound")
	mallory.Send(`<c:message to="alice@example.test/phone" type="chat"><c:body>hello</c:body><p:a p:b="c"/></c:message>`)
	st := alice.Recv()
	if st.Kind() != wire.KindMessage || st.From() != mallory.Addr || !st.Has("", "body") || !st.Has("urn:example:p", "a") {
		t.Errorf("alice received %s", st.Append(nil))
	}
}

// TestHugeStanza: a stanza of 20 MiB ends the stream and is not kept in memory (C34).
func TestHugeStanza(t *testing.T) { // not in parallel: it watches the memory of the process
	for _, over := range xmpptest.Transports() {
		t.Run(over.String(), func(t *testing.T) {
			s := xmpptest.StartOver(t, over)
			others := watch(t, s)
			mallory := s.At("mallory@example.test/x", "bound")
			grown := heap()
			err := mallory.TrySend(toVictim + "<body>")
			for n := 0; n < 20<<20 && err == nil; n += 1 << 20 {
				err = mallory.TrySend(strings.Repeat("x", 1<<20))
			}
			if condition, err := mallory.TryEnd(); err != nil || condition != policy && condition != "" { // the error may be lost in a reset
				t.Errorf("the stream ends with %q, %v", condition, err)
			}
			if by := grown(); by > 10<<20 {
				t.Errorf("%d KiB more", by>>10)
			}
			others.more(1)
			others.stop()
		})
	}
}

// TestSlowReader: who does not read delays nobody, and loses her stream over the bound (F04).
func TestSlowReader(t *testing.T) {
	t.Parallel()
	s := xmpptest.Start(t, func(c *config.Config) {
		c.Limits.OutboxBytes, c.Limits.OutboxStanzas = 64<<10, 100
		c.Limits.BytesBurst, c.Limits.OfflineStanzas = 64<<20, 100000
	})
	others := watch(t, s)
	alice, bob := s.Online("alice@example.test/phone"), s.Online("bob@example.test/x")
	body := strings.Repeat("x", 30000)
	for i := range 500 { // 15 MB: more than the outbox and the sockets hold
		bob.Send(fmt.Sprintf("%s<body>%d %s</body></message>", toVictim, i, body))
	}
	for _, st := range bob.Barrier() {
		t.Errorf("bob received %.200s", st.Append(nil))
	}
	others.stop()
	if err := s.Gone(alice.Addr); err != nil {
		t.Fatal(err)
	}
}
