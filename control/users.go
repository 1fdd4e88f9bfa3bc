package control

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"salon.im/salon/archive"
	"salon.im/salon/auth"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// UsersOptions is what NewUsers needs.
type UsersOptions struct {
	Accounts storage.Accounts
	// Hosts returns the served hosts, not their services.
	Hosts func() []string
	// Keys returns the hashes and the count of iterations for new passwords (see Hashes).
	Keys func() (hashes []auth.Hash, iterations int)
	// Persons is what Privacy works on.
	Persons PersonStore
	// Services returns the domains of rooms.
	Services func() []string
	// Rewrite replaces up to archive.MaxRows rows, and returns when that is durable; nil does so in Persons.
	Rewrite func(ctx context.Context, rewrites []storage.Rewrite) error
	// OccupantKey returns the key of the rooms' occupant-ids, so that an erasure finds a person's; nil, or no key, is for a store
	// whose rooms never gave any.
	OccupantKey func() ([]byte, error)
	// IDs returns what writes the archives' ids in stanzas, as the server does. It is called where there is one to write or to
	// read, and once.
	IDs func() (archive.IDs, error)
	// Erased is called after a person's stored messages were rewritten, so that rooms in memory forget the person too; nil
	// does nothing.
	Erased func(ctx context.Context, addr wire.Addr, names *archive.Pseudonyms) error
	// Forgotten is called after an account was deleted, so that rooms which keep its address beside their lists forget it, be they
	// in memory or not; nil does nothing.
	Forgotten func(ctx context.Context, addr wire.Addr) error
	// Held says that nothing of an account may be deleted now (archive.hold); nil holds none.
	Held func(addr wire.Addr) bool
	// Leaving is called before an account is deleted, so that its contacts hear of it; nil does nothing.
	Leaving func(ctx context.Context, addr wire.Addr) error
	// Changed is called after a password was changed (gone false) or an account deleted (gone true), so that the user's
	// sessions end. nil does nothing.
	Changed func(addr wire.Addr, gone bool)
	// Workers bounds how many passwords are turned into keys at a time. 0 is one for each CPU.
	Workers int
	// Now tells the time; nil is time.Now.
	Now func() time.Time
}

// Users holds the rules for accounts, whoever asks: the socket, the command line, registration. Errors and bounds are as
// Admin says. Safe for any goroutine.
type Users struct {
	o    UsersOptions
	work *semaphore.Weighted
}

// NewUsers returns the rules over a store.
func NewUsers(o UsersOptions) *Users {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rewrite == nil {
		o.Rewrite = func(ctx context.Context, rewrites []storage.Rewrite) error {
			_, err := o.Persons.Append(ctx, storage.Batch{Rewrites: rewrites})
			return err
		}
	}
	o.IDs = sync.OnceValues(o.IDs)
	if o.Held == nil {
		o.Held = func(wire.Addr) bool { return false }
	}
	if o.Changed == nil {
		o.Changed = func(wire.Addr, bool) {}
	}
	return &Users{o: o, work: semaphore.NewWeighted(int64(o.Workers))}
}

// ParseUser reads the address of an account, as a person typed it.
func ParseUser(s string) (wire.Addr, error) {
	addr, err := parseAddr(s)
	if err == nil && !addr.IsBare() {
		return wire.Addr{}, invalid("%q is not a user's address: write name@host, such as alice@localhost", s)
	}
	return addr, err
}

// parseAddr reads any address, as a person typed it.
func parseAddr(s string) (wire.Addr, error) {
	addr, err := wire.ParseAddr(s)
	if err != nil {
		return wire.Addr{}, invalid("%q is not an address: %s", s, strings.TrimPrefix(err.Error(), wire.ErrAddr.Error()+": "))
	}
	return addr, nil
}

// Hashes returns the hashes that a list of SASL mechanisms needs keys for, the strongest first, at least one: PLAIN alone
// is content with any.
func Hashes(mechanisms []string) []auth.Hash {
	var out []auth.Hash
	for _, h := range auth.Hashes() {
		name := "SCRAM-" + string(h)
		if slices.Contains(mechanisms, name) || slices.Contains(mechanisms, name+"-PLUS") {
			out = append(out, h)
		}
	}
	if len(out) == 0 {
		return []auth.Hash{auth.SHA256}
	}
	return out
}

// AddUser implements Admin.
func (u *Users) AddUser(ctx context.Context, addr wire.Addr, password string) error {
	if err := u.check(addr); err != nil {
		return err
	}
	account, err := u.account(ctx, addr, password)
	if err != nil {
		return err
	}
	existing, err := u.o.Accounts.CreateAccounts(ctx, []storage.Account{account})
	if err != nil {
		return fmt.Errorf("control: add %s: %w", addr, err)
	}
	if len(existing) > 0 {
		return &Error{Exists, fmt.Sprintf("%s exists already: a new password is set by `user passwd %s`", addr, addr)}
	}
	return nil
}

// SetPassword implements Admin.
func (u *Users) SetPassword(ctx context.Context, addr wire.Addr, password string) error {
	if err := u.check(addr); err != nil {
		return err
	}
	keys, err := u.Keys(ctx, password)
	if err != nil {
		return err
	}
	if err := u.o.Accounts.PutKeys(ctx, addr, keys); err != nil {
		return missing(addr, "set the password of", err)
	}
	u.o.Changed(addr, false)
	return nil
}

// DeleteUser implements Admin. A host that is not served any more is no hindrance.
func (u *Users) DeleteUser(ctx context.Context, addr wire.Addr) error {
	if !addr.IsBare() {
		return invalid("%q is not a user's address", addr)
	}
	if _, err := u.o.Accounts.Account(ctx, addr); err != nil {
		return missing(addr, "delete", err)
	}
	if u.o.Held(addr) {
		return held(addr)
	}
	if u.o.Leaving != nil {
		if err := u.o.Leaving(ctx, addr); err != nil {
			return fmt.Errorf("control: take leave of the contacts of %s: %w", addr, err)
		}
	}
	if err := u.o.Accounts.DeleteAccount(ctx, addr); err != nil {
		return missing(addr, "delete", err)
	}
	u.o.Changed(addr, true)
	return u.forgotten(ctx, addr)
}

// forgetTime bounds how long rooms may take to forget an account.
const forgetTime = time.Minute

// forgotten has the rooms forget an account that is no more.
func (u *Users) forgotten(ctx context.Context, addr wire.Addr) error {
	if u.o.Forgotten == nil {
		return nil
	}
	// Who removes the own account ends the own session by it, and with that the request.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetTime)
	defer cancel()
	if err := u.o.Forgotten(ctx, addr); err != nil {
		return fmt.Errorf("control: %s is deleted, but rooms still name it (`user erase` tries again): %w", addr, err)
	}
	return nil
}

// ListUsers implements Admin.
func (u *Users) ListUsers(ctx context.Context, host string, after wire.Addr, limit int) ([]User, error) {
	if limit < 1 || limit > MaxList {
		return nil, invalid("limit is %d: choose 1 to %d", limit, MaxList)
	}
	accounts, err := u.o.Accounts.ListAccounts(ctx, host, after, limit)
	if err != nil {
		return nil, fmt.Errorf("control: list users: %w", err)
	}
	if len(accounts) == 0 && after.IsZero() && host != "" && !slices.Contains(u.o.Hosts(), host) { // one that was served once may have users still
		return nil, invalid("%s is no host here (see hosts in the settings)", host)
	}
	users := make([]User, len(accounts))
	for i, a := range accounts {
		waiting, err := u.o.Persons.CountUndelivered(ctx, a.Addr, MaxWaiting)
		if err != nil {
			return nil, fmt.Errorf("control: list users: %w", err)
		}
		users[i] = User{JID: a.Addr.String(), Created: a.Created, LastSeen: a.LastSeen, Waiting: waiting}
	}
	return users, nil
}

// check says whether addr can be a local account.
func (u *Users) check(addr wire.Addr) error {
	if !addr.IsBare() {
		return invalid("%q is not a user's address: write name@host", addr)
	}
	if hosts := u.o.Hosts(); !slices.Contains(hosts, addr.Domain()) {
		return invalid("%s is not served here: the hosts are %s (see hosts in the settings, or --host)", addr.Domain(), strings.Join(hosts, ", "))
	}
	return nil
}

// account makes the record of a new user.
func (u *Users) account(ctx context.Context, addr wire.Addr, password string) (storage.Account, error) {
	keys, err := u.Keys(ctx, password)
	return storage.Account{Addr: addr, Keys: keys, Created: u.o.Now()}, err
}

// Keys turns a password into stored keys, when a worker is free. A password that cannot be one gives an *Error that is Invalid.
func (u *Users) Keys(ctx context.Context, password string) ([]storage.Key, error) {
	if err := u.work.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer u.work.Release(1)
	hashes, iterations := u.o.Keys()
	derived, err := auth.DeriveAll(password, hashes, iterations)
	if errors.Is(err, auth.ErrPassword) {
		return nil, invalid("the password is empty, longer than %d bytes or holds a forbidden character: choose another", auth.MaxPasswordBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("control: derive keys: %w", err)
	}
	keys := make([]storage.Key, len(derived))
	for i, k := range derived {
		keys[i] = storage.Key{Hash: string(k.Hash), Iterations: k.Iterations, Salt: k.Salt, StoredKey: k.StoredKey, ServerKey: k.ServerKey}
	}
	return keys, nil
}

// held refuses to delete what is under hold.
func held(addr wire.Addr) error {
	return &Error{Held, fmt.Sprintf("%s is under legal hold and stays as it is: take it, or its domain, out of archive.hold in the settings when the hold is over", addr)}
}

func invalid(format string, args ...any) error { return &Error{Invalid, fmt.Sprintf(format, args...)} }

// missing turns storage's ErrNotFound into an answer, and wraps the rest.
func missing(addr wire.Addr, verb string, err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return &Error{Missing, fmt.Sprintf("there is no user %s: `user list` shows who there is", addr)}
	}
	return fmt.Errorf("control: %s %s: %w", verb, addr, err)
}
