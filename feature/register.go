package feature

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"
	"mellium.im/xmpp/stanza"
	"mellium.im/xmpp/stream"

	"salon.im/salon/config"
	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const nsRegister = "jabber:iq:register"

// RegisterOptions are what Register needs.
type RegisterOptions struct {
	Accounts storage.Accounts
	Config   func() *config.Config
	// Keys turns a password into stored keys. A password that cannot be one gives an error that wraps ErrPassword.
	Keys func(ctx context.Context, password string) ([]storage.Key, error)
	// Held says that nothing of an account may be deleted now (archive.hold); nil holds none.
	Held func(addr wire.Addr) bool
	// Removing is called before an account is deleted, so that other features take leave of its contacts; nil does nothing.
	Removing func(ctx context.Context, addr wire.Addr) error
	// Removed is called when it is deleted, so that nobody remembers what it had; nil does nothing.
	Removed func(addr wire.Addr)
	Now     func() time.Time // nil is time.Now
	Log     *slog.Logger     // nil logs nothing
}

// ErrPassword says that a password is empty, too long or holds forbidden characters.
var ErrPassword = errors.New("feature: not a password")

// Registrar makes accounts in band and changes them. Its methods are safe for any goroutine.
type Registrar struct {
	r    *router.Router
	o    RegisterOptions
	rate *hourly             // accounts made
	try  *hourly             // requests to make one, so that nobody looks for names that are taken
	work *semaphore.Weighted // bounds the passwords that are made into keys at a time
}

// Register lets people who are logged in change their password and remove their account (XEP-0077 §3.2, §3.3). The
// Registrar also makes accounts, which package c2s offers before login where registration is open (§3.1).
func Register(r *router.Router, o RegisterOptions) *Registrar {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Registrar{r: r, o: o, rate: newHourly(), try: newHourly(), work: semaphore.NewWeighted(2)}
	x := router.XEP{Num: 77, Version: "2.4", Status: "complete", Note: "the form of §3.1 is not used; registration is closed by default"}
	r.Advertise(router.OnServer, x, nsRegister)
	query := xml.Name{Space: nsRegister, Local: "query"}
	r.HandleIQ(router.ToServer|router.ToOwn, "get", query, g.get)
	r.HandleIQ(router.ToServer|router.ToOwn, "set", query, g.set)
	return g
}

// get tells a user that he is registered, and as what (§3.1).
func (g *Registrar) get(_ context.Context, st wire.Stanza) (wire.Payload, error) {
	if err := g.own(st); err != nil {
		return nil, err
	}
	w := wire.NewWriter().Start(nsRegister, "query").Elem("", "registered", "")
	return w.Elem("", "username", st.From().Local()).Elem("", "password", "").Payload(), nil
}

// own refuses those who have no account at the host that they ask: strangers from other servers, and users of our other hosts.
func (g *Registrar) own(st wire.Stanza) error {
	if !g.r.IsHost(st.From().Domain()) || account(st).Domain() != st.From().Domain() {
		return errForbidden
	}
	return nil
}

func (g *Registrar) set(ctx context.Context, st wire.Stanza) (wire.Payload, error) {
	if err := g.own(st); err != nil {
		return nil, router.Quiet{Err: err}
	}
	q, _ := st.Kid(nsRegister, "query")
	if _, remove := q.Kid("", "remove"); remove {
		return nil, g.remove(ctx, st, q)
	}
	if err := g.changePassword(ctx, st, q); err != nil {
		return nil, router.Quiet{Err: err} // §3.3: a password is never sent back
	}
	return nil, nil
}

// changePassword sets a new password and ends the user's other sessions: one of them may be whoever the old one leaked to.
func (g *Registrar) changePassword(ctx context.Context, st wire.Stanza, q wire.Kid) error {
	user, ok1 := q.Kid("", "username")
	password, ok2 := q.Kid("", "password")
	if !ok1 || !ok2 || password.Text() == "" {
		return errBadRequest // §3.3: an empty password changes nothing
	}
	addr, err := wire.NewAddr(user.Text(), st.From().Domain(), "")
	if err != nil || addr != st.From().Bare() {
		return errBadRequest
	}
	keys, err := g.keys(ctx, password.Text())
	if err != nil {
		return err
	}
	if err := g.o.Accounts.PutKeys(ctx, addr, keys); err != nil {
		return fmt.Errorf("feature: set the password of %s: %w", addr, err)
	}
	g.o.Log.Info("password changed", "jid", addr.String())
	for _, res := range g.r.Resources(addr) {
		if res.Addr() != st.From() {
			res.Close(streamError("not-authorized", "the password was changed"))
		}
	}
	return nil
}

// keys makes keys when there is a worker free.
func (g *Registrar) keys(ctx context.Context, password string) ([]storage.Key, error) {
	if err := g.work.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer g.work.Release(1)
	keys, err := g.o.Keys(ctx, password)
	if errors.Is(err, ErrPassword) {
		return nil, notAcceptable("The password is empty, too long or has characters that are not allowed.")
	}
	return keys, err
}

// remove deletes the account of the sender: the result first, then the end of every session (§3.2).
func (g *Registrar) remove(ctx context.Context, st wire.Stanza, q wire.Kid) error {
	n := 0
	for range q.Kids() {
		n++
	}
	if n != 1 {
		return errBadRequest
	}
	bare := st.From().Bare()
	if g.o.Held != nil && g.o.Held(bare) {
		return errNotAllowed // §3.2.1: the entity is not allowed to cancel its registration
	}
	if g.o.Removing != nil {
		if err := g.o.Removing(ctx, bare); err != nil {
			return fmt.Errorf("feature: remove %s: %w", bare, err)
		}
	}
	if err := g.o.Accounts.DeleteAccount(ctx, bare); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("feature: remove %s: %w", bare, err)
	}
	g.o.Log.Info("account removed", "jid", bare.String())
	if g.o.Removed != nil {
		g.o.Removed(bare)
	}
	g.r.Send(ctx, st.Result(nil))
	for _, res := range g.r.Resources(bare) {
		res.Close(streamError("not-authorized", "the account was deleted"))
	}
	return router.ErrAnswered // the sessions end behind the answer
}

// reserved are names that a stranger could pass for the operator with (RFC 2142).
var reserved = map[string]bool{"abuse": true, "admin": true, "administrator": true, "hostmaster": true, "info": true,
	"noc": true, "postmaster": true, "root": true, "security": true, "support": true, "webmaster": true, "xmpp": true}

const (
	minLocal = 2
	maxLocal = 64 // characters: longer names are no use to people
	maxTries = 30 // requests of an address in an hour, beside the accounts that it may make
)

// Create makes an account for a stranger at from (XEP-0077 §3.1). It returns a stanza.Error for the stranger: not-allowed
// where registration is closed, not-acceptable for a name or password that cannot be, conflict for a name that is taken,
// resource-constraint when the address has made its accounts for this hour.
func (g *Registrar) Create(ctx context.Context, addr wire.Addr, password string, from net.Addr) error {
	cfg := g.o.Config()
	host := cfg.HostNamed(addr.Domain())
	if host.Registration != config.RegistrationOpen || !g.r.IsHost(addr.Domain()) {
		return errNotAllowed
	}
	busy := stanza.Error{Type: stanza.Wait, Condition: stanza.ResourceConstraint,
		Text: map[string]string{"en": "Too many accounts were asked for from your address; try again in an hour."}}
	if !g.try.take(network(from), maxTries+cfg.RegistrationPerHour, g.o.Now()) {
		return busy
	}
	if n := utf8.RuneCountInString(addr.Local()); n < minLocal || n > maxLocal || !addr.IsBare() {
		return notAcceptable(fmt.Sprintf("A username has %d to %d characters.", minLocal, maxLocal))
	}
	taken := stanza.Error{Type: stanza.Cancel, Condition: stanza.Conflict, Text: map[string]string{"en": "That username is taken."}}
	if reserved[addr.Local()] || isAdmin(host, addr) {
		return taken
	}
	if ok, err := g.r.Exists(ctx, addr); err != nil {
		return err
	} else if ok {
		return taken
	}
	if !g.rate.take(network(from), cfg.RegistrationPerHour, g.o.Now()) {
		return busy
	}
	keys, err := g.keys(ctx, password)
	if err != nil {
		return err
	}
	existing, err := g.o.Accounts.CreateAccounts(ctx, []storage.Account{{Addr: addr, Keys: keys, Created: g.o.Now()}})
	if err == nil && len(existing) > 0 {
		return taken
	}
	return err
}

// isAdmin reports whether a bare address is among a host's administrators.
func isAdmin(host config.Host, bare wire.Addr) bool {
	for _, s := range host.Admins {
		if a, err := wire.ParseAddr(strings.TrimSpace(s)); err == nil && a.Bare() == bare {
			return true
		}
	}
	return false
}

func notAcceptable(text string) error {
	return stanza.Error{Type: stanza.Modify, Condition: stanza.NotAcceptable, Text: map[string]string{"en": text}}
}

// streamError ends a session with a reason for people (RFC 6120 §4.9).
func streamError(condition, text string) stream.Error {
	e := stream.Error{Err: condition}
	e.Text = append(e.Text, struct{ Lang, Value string }{"en", text})
	return e
}
