// Package control is how an administrator on this machine talks to Salon: HTTP and JSON over the unix socket
// <data>/control.sock, both halves, and the rules for accounts that the server and the command line share.
//
// Whoever works on a data directory holds the lock <data>/lock (see Lock): the server while it runs, else a command for as
// long as it takes. Reach finds out which of the two it is:
//
//	admin, done, err := control.Reach(ctx, "./data", "salon user add", openStore)
//	if err == nil {
//		defer done()
//		err = admin.AddUser(ctx, addr, password)
//	}
//
// The goroutines are those of net/http in Serve, and a bounded few that derive keys; none outlives its call.
package control

import (
	"context"
	"errors"
	"io"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// SocketName and LockName are the files in the data directory.
const (
	SocketName = "control.sock"
	LockName   = "lock"
)

// MaxList is the most users that ListUsers returns at a time.
const MaxList = 1000

// Admin is what an administrator can ask for. The server implements it (with Users for what concerns accounts), Client
// passes it on over the socket, and Offline works on a store while no server runs. Addresses are bare.
//
// Every error that is the caller's is an *Error. Safe for any goroutine; all of it may block.
type Admin interface {
	AddUser(ctx context.Context, addr wire.Addr, password string) error
	// SetPassword replaces the password. The user's sessions end.
	SetPassword(ctx context.Context, addr wire.Addr, password string) error
	// DeleteUser removes the account and everything it owns. The user's sessions end.
	DeleteUser(ctx context.Context, addr wire.Addr) error
	// ListUsers returns up to limit users (1 to MaxList) ordered by address, those after `after` (exclusive, zero is the
	// start). host "" is every host.
	ListUsers(ctx context.Context, host string, after wire.Addr, limit int) ([]User, error)
	// ImportUsers adds the users of a stream of JSON lines {"jid": …, "password": …}. A line that is wrong is reported and
	// does not stop the rest. What was added before an error stays, and is in the report.
	ImportUsers(ctx context.Context, lines io.Reader) (ImportReport, error)
	// Reload reads the settings and certificates again.
	Reload(ctx context.Context) (ReloadReport, error)
	Status(ctx context.Context) (Status, error)
	Privacy
	Rooms
	Certificates
}

// User is one row of the list.
type User struct {
	JID     string    `json:"jid"`
	Created time.Time `json:"created"`
	// LastSeen is zero if no session of the user ever ended.
	LastSeen time.Time `json:"last_seen,omitzero"`
	// Waiting is how many messages wait in the archive for the user to come online, MaxWaiting at most.
	Waiting int `json:"waiting,omitempty"`
}

// MaxWaiting bounds User.Waiting.
const MaxWaiting = 10_000

// ImportReport says what became of an import.
type ImportReport struct {
	Added    int `json:"added"`
	Existing int `json:"existing"` // were there already, and are as they were
	Failed   int `json:"failed"`
	// Problems tells of the first MaxProblems lines that existed or failed.
	Problems []ImportProblem `json:"problems,omitempty"`
}

// MaxProblems bounds ImportReport.Problems.
const MaxProblems = 100

// ImportProblem is one line that added nobody.
type ImportProblem struct {
	Line   int    `json:"line"` // from 1
	JID    string `json:"jid,omitempty"`
	Reason string `json:"reason"`
}

// ReloadReport names settings by their dotted keys.
type ReloadReport struct {
	Applied []string `json:"applied"`
	// Restart are the changed settings that wait for a restart.
	Restart []string `json:"restart"`
	// Problems are what went wrong without stopping the rest: a certificate that stays as it was.
	Problems []string `json:"problems,omitempty"`
}

// Status is the server at a glance.
type Status struct {
	Version  string        `json:"version"`
	PID      int           `json:"pid"`
	Started  time.Time     `json:"started"`
	Uptime   time.Duration `json:"uptime_ns"`
	Sessions int           `json:"sessions"`
	Hosts    []string      `json:"hosts"`
}

// Kind says whose fault an Error is and what could be done.
type Kind string

// The kinds of Error.
const (
	Invalid    Kind = "invalid"     // the request is wrong: an address, a password, a host that is not served
	Missing    Kind = "missing"     // there is no such user or room
	Exists     Kind = "exists"      // there is one already
	Held       Kind = "held"        // archive.hold forbids it
	NotRunning Kind = "not-running" // it takes a running server
	Internal   Kind = "internal"    // the server failed; its log says why
)

// Error is an answer of an Admin that says no. Text is one line for people and names the remedy. A command in it stands in
// backquotes without the program's name, which only who was called by it knows.
type Error struct {
	Kind Kind   `json:"kind"`
	Text string `json:"error"`
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// Is makes Missing match storage.ErrNotFound, and Exists storage.ErrConflict.
func (e *Error) Is(target error) bool {
	return e.Kind == Missing && errors.Is(target, storage.ErrNotFound) || e.Kind == Exists && errors.Is(target, storage.ErrConflict)
}
