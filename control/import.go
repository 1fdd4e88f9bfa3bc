package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	// importBatch is how many lines are derived and stored together.
	importBatch = 256
	// MaxImportLine bounds one line of an import in bytes. A longer one ends it.
	MaxImportLine = 16 << 10
)

// importLine is one line on its way. why says what is wrong with it, "" if nothing is.
type importLine struct {
	number   int
	jid      string
	password string
	addr     wire.Addr
	account  storage.Account
	why      string
	existing bool
}

// ImportUsers implements Admin: it reads a batch of lines, derives their keys side by side, and stores them in one
// transaction.
func (u *Users) ImportUsers(ctx context.Context, lines io.Reader) (ImportReport, error) {
	var report ImportReport
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(make([]byte, 0, 4<<10), MaxImportLine)
	number := 0
	for more := true; more; {
		batch := make([]*importLine, 0, importBatch)
		for len(batch) < importBatch && more {
			if more = scanner.Scan(); !more {
				break
			}
			number++
			if text := bytes.TrimSpace(scanner.Bytes()); len(text) > 0 {
				batch = append(batch, parseLine(number, text))
			}
		}
		if err := u.importLines(ctx, batch); err != nil {
			return report, err
		}
		report.count(batch)
	}
	if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return report, invalid("line %d is longer than %d bytes: one user a line, please", number+1, MaxImportLine)
	} else if err != nil {
		return report, fmt.Errorf("control: read the import: %w", err)
	}
	return report, nil
}

// parseLine reads one line. It copies what it keeps.
func parseLine(number int, text []byte) *importLine {
	l := &importLine{number: number}
	var fields struct {
		JID      *string `json:"jid"`
		Password *string `json:"password"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(&fields)
	if err == nil && d.More() {
		err = errors.New("there is more behind the object")
	}
	switch {
	case err != nil:
		// The decoder's words may repeat the line, but never more of it than a key or a character.
		l.why = `not an object {"jid": …, "password": …}: ` + err.Error()
	case fields.JID == nil || fields.Password == nil:
		l.why = `"jid" and "password" are both needed`
	default:
		l.jid, l.password = *fields.JID, *fields.Password
	}
	return l
}

// importLines does one batch. A line's own fault goes into its why; an error is the store's or the context's.
func (u *Users) importLines(ctx context.Context, batch []*importLine) error {
	if err := u.prepareLines(ctx, batch); err != nil {
		return err
	}
	var accounts []storage.Account
	for _, l := range batch {
		if l.why == "" && !l.existing {
			accounts = append(accounts, l.account)
		}
	}
	if len(accounts) == 0 {
		return nil
	}
	existing, err := u.o.Accounts.CreateAccounts(ctx, accounts)
	if err != nil {
		return fmt.Errorf("control: import: %w", err)
	}
	for _, addr := range existing { // made by somebody else since we looked
		for _, l := range batch {
			l.existing = l.existing || l.addr == addr
		}
	}
	return nil
}

// prepareLines judges the addresses, and derives the keys of new users side by side.
func (u *Users) prepareLines(ctx context.Context, batch []*importLine) error {
	seen := map[wire.Addr]bool{}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(u.o.Workers)
	for _, l := range batch {
		if l.why != "" {
			continue
		}
		var err error
		if l.addr, err = ParseUser(l.jid); err == nil {
			err = u.check(l.addr)
		}
		if err != nil {
			l.why = err.Error()
			continue
		}
		if l.existing = seen[l.addr]; l.existing {
			continue
		}
		seen[l.addr] = true
		group.Go(func() error { return u.importAccount(inner, l) })
	}
	return group.Wait()
}

// importAccount makes one account's record, unless it exists: a second import of the same file costs next to nothing.
func (u *Users) importAccount(ctx context.Context, l *importLine) error {
	_, err := u.o.Accounts.Account(ctx, l.addr)
	if err == nil {
		l.existing = true
		return nil
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("control: import: look up %s: %w", l.addr, err)
	}
	l.account, err = u.account(ctx, l.addr, l.password)
	var refused *Error
	if errors.As(err, &refused) {
		l.why = refused.Text
		return nil
	}
	return err
}

// count adds a finished batch to the report.
func (r *ImportReport) count(batch []*importLine) {
	for _, l := range batch {
		switch {
		case l.why != "":
			r.Failed++
		case l.existing:
			r.Existing++
			l.why = "exists already"
		default:
			r.Added++
			continue
		}
		if len(r.Problems) < MaxProblems {
			r.Problems = append(r.Problems, ImportProblem{Line: l.number, JID: l.jid, Reason: l.why})
		}
	}
}
