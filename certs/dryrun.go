package certs

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Verdict is what a Finding means for the certificates.
type Verdict string

// The verdicts.
const (
	VerdictOK      Verdict = "ok"
	VerdictWarning Verdict = "warning" // may fail; this machine cannot tell
	VerdictFailed  Verdict = "failed"  // an authority would refuse, or could not be asked
)

// Finding is one thing that DryRun looked at.
type Finding struct {
	Name    string  `json:"name,omitempty"` // the name it concerns, in A-labels; "" is every name
	Check   string  `json:"check"`          // clock, authority, port, address, reach or caa
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`
}

// Probe is what DryRun looks with. The zero value uses the system's.
type Probe struct {
	DNS  string // host:port of the DNS server to ask
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Served are ports that this server's own listeners of direct TLS hold.
	Served []int
}

const (
	probeTime = 10 * time.Second
	// maxClockError is how wrong the clock may be: certificates are signed up to an hour back, orders and nonces live for less.
	maxClockError = 10 * time.Minute
	maxAddresses  = 4 // of a name that are tried
)

// dryRun is a DryRun under way.
type dryRun struct {
	Options
	Probe
	token    []byte // what our challenge ports say
	bound    map[string]bool
	findings []Finding
}

func (d *dryRun) tell(name, check string, v Verdict, format string, args ...any) {
	d.findings = append(d.findings, Finding{name, check, v, fmt.Sprintf(format, args...)})
}

// DryRun looks for what would keep the authorities from issuing for the hosts, without asking them for anything but their
// directory: the clock, the authority, the ports, and for each name its addresses, whether they lead here, and CAA records.
// It takes up to a minute for each name, and needs no Source. Any goroutine may call it.
func DryRun(ctx context.Context, o Options, p Probe) []Finding {
	d := &dryRun{Options: o, Probe: p, token: []byte(rand.Text()), bound: map[string]bool{}}
	if d.Dial == nil {
		d.Dial = (&net.Dialer{Timeout: probeTime}).DialContext
	}
	if slices.ContainsFunc(o.Hosts, Host.Automatic) {
		defer d.bind()()
	}
	files := &table{files: map[Pair]*tls.Certificate{}}
	for _, p := range o.Files {
		if cert, err := (&Source{now: time.Now}).loadPair(p, o.Hosts); err == nil { // Check tells of the others
			files.files[p] = cert
		}
	}
	authorities := map[string][]string{} // by URL: the names that CAA records know the authority by
	for _, h := range o.Hosts {
		if !h.Automatic() {
			continue
		}
		if _, asked := authorities[h.CA]; !asked {
			authorities[h.CA] = d.authority(ctx, h.CA)
		}
		for _, name := range h.names() {
			if files.covering(name, o.Files) != nil {
				d.tell(name, "address", VerdictOK, "a file of tls.files covers it: the authority is not asked")
				continue
			}
			if why := issuable(name); why != "" {
				d.tell(name, "address", VerdictFailed, "no authority issues for it: %s; it keeps the self-signed certificate", why)
				continue
			}
			d.name(ctx, name)
			d.caa(ctx, name, authorities[h.CA])
		}
	}
	if len(authorities) == 0 {
		d.tell("", "authority", VerdictWarning, "no host has automatic certificates: see tls.acme.ca")
	}
	return d.findings
}

// challenge is a way for the authority to look here.
type challenge struct {
	name         string
	public, port int // where the authority connects to, and what we listen on
}

func (d *dryRun) challenges() (all []challenge) {
	if d.ACME.TLSPort != 0 {
		all = append(all, challenge{"tls-alpn-01", 443, d.ACME.TLSPort})
	}
	if d.ACME.HTTPPort != 0 {
		all = append(all, challenge{"http-01", 80, d.ACME.HTTPPort})
	}
	return all
}

// bind listens on the ports of the challenges; what it returns ends that.
func (d *dryRun) bind() (unbind func()) {
	var open []net.Listener
	for _, c := range d.challenges() {
		l, err := net.Listen("tcp", ":"+strconv.Itoa(c.port))
		switch {
		case err == nil:
			d.bound[c.name] = true
			open = append(open, l)
			go d.answer(l)
			d.tell("", "port", VerdictOK, "%s: port %d can be listened on", c.name, c.port)
		case errors.Is(err, syscall.EADDRINUSE) && c.name == "tls-alpn-01" && slices.Contains(d.Served, c.port):
			d.tell("", "port", VerdictOK, "%s: port %d is the one of our own direct TLS, which answers the challenge", c.name, c.port)
		case errors.Is(err, syscall.EADDRINUSE):
			d.tell("", "port", VerdictFailed, "%s: port %d is taken by another program: stop it, or forward port %d to another one that tls.acme names", c.name, c.port, c.public)
		case errors.Is(err, os.ErrPermission):
			d.tell("", "port", VerdictFailed, "%s: port %d may not be opened by this user: allow it (CAP_NET_BIND_SERVICE), or forward port %d to a port above 1023 that tls.acme names", c.name, c.port, c.public)
		default:
			d.tell("", "port", VerdictFailed, "%s: port %d: %v", c.name, c.port, err)
		}
	}
	return func() {
		for _, l := range open {
			_ = l.Close() // nothing is lost
		}
	}
}

// answer tells who connects that it is us.
func (d *dryRun) answer(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		_, _ = conn.Write(d.token) // a stranger may have gone
		_ = conn.Close()
	}
}

// authority asks for the directory (RFC 8555 §7.1.1), compares clocks, and returns its names in CAA records.
func (d *dryRun) authority(ctx context.Context, ca string) (caa []string) {
	client := &http.Client{Timeout: probeTime, Transport: &http.Transport{DialContext: d.Dial, DisableKeepAlives: true,
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: d.ACME.Roots, MinVersion: tls.VersionTLS12}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ca, nil)
	if err != nil {
		d.tell("", "authority", VerdictFailed, "%s: %v", ca, err)
		return nil
	}
	resp, err := client.Do(req)
	if err != nil {
		d.tell("", "authority", VerdictFailed, "it cannot be reached: %v", err)
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	var directory struct {
		NewOrder string `json:"newOrder"`
		Meta     struct {
			CAA      []string `json:"caaIdentities"`
			External bool     `json:"externalAccountRequired"`
		} `json:"meta"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&directory)
	switch {
	case resp.StatusCode != http.StatusOK || err != nil || directory.NewOrder == "":
		d.tell("", "authority", VerdictFailed, "%s answers %s, and that is no ACME directory", ca, resp.Status)
	case directory.Meta.External:
		d.tell("", "authority", VerdictFailed, "%s wants an account from elsewhere (external account binding), which Salon does not have", ca)
	default:
		d.tell("", "authority", VerdictOK, "%s can be reached", ca)
	}
	d.clock(resp.Header.Get("Date"))
	return directory.Meta.CAA
}

func (d *dryRun) clock(date string) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		d.tell("", "clock", VerdictWarning, "the authority does not tell its time")
		return
	}
	now := time.Now
	if d.Now != nil {
		now = d.Now
	}
	if off := now().Sub(theirs).Round(time.Second); off.Abs() > maxClockError {
		d.tell("", "clock", VerdictFailed, "this machine's clock is off by %s: set it (NTP)", off)
		return
	}
	d.tell("", "clock", VerdictOK, "the clock agrees with the authority's")
}

// name looks up where a name leads, and whether that is here.
func (d *dryRun) name(ctx context.Context, name string) {
	resolver := &net.Resolver{}
	if d.DNS != "" {
		resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, d.DNS)
		}}
	}
	look, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	addrs, err := resolver.LookupHost(look, name)
	if err != nil {
		d.tell(name, "address", VerdictFailed, "it leads nowhere (%v): add an A or AAAA record that leads to this machine", err)
		return
	}
	d.tell(name, "address", VerdictOK, "it leads to %s", strings.Join(addrs, ", "))
	for _, c := range d.challenges() {
		if !d.bound[c.name] {
			continue // said already
		}
		for _, addr := range addrs[:min(len(addrs), maxAddresses)] {
			d.reach(ctx, name, c, net.JoinHostPort(addr, strconv.Itoa(c.public)))
		}
	}
}

// reach connects as the authority will. Its view may differ: routers that translate addresses often do so from outside alone.
func (d *dryRun) reach(ctx context.Context, name string, c challenge, addr string) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	conn, err := d.Dial(ctx, "tcp", addr)
	if err != nil {
		d.tell(name, "reach", VerdictWarning, "%s: nobody answers at %s as seen from here (%v): is it forwarded to port %d?", c.name, addr, err, c.port)
		return
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(probeTime))
	got := make([]byte, len(d.token))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != string(d.token) {
		d.tell(name, "reach", VerdictFailed, "%s: at %s somebody else answers: forward it to port %d of this machine", c.name, addr, c.port)
		return
	}
	d.tell(name, "reach", VerdictOK, "%s: %s leads to this server", c.name, addr)
}
