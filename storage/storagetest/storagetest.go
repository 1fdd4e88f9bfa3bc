// Package storagetest is the conformance suite of package storage: what every back end must do, one test a sentence.
// It also holds Faulty, a store that fails on demand, for the tests of those who use one.
//
//	func TestConformance(t *testing.T) {
//		storagetest.Run(t, func(t *testing.T) storage.Store { … })
//	}
package storagetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// test is one test of the suite, run on an empty store.
type test struct {
	name string
	run  func(t *testing.T, s storage.Store)
}

// Run holds a back end against the contract in package storage.
//
// open opens an empty store and sees to its end with t.Cleanup. Called again within the same t, it closes nothing and
// opens the same data: so the suite finds out what survives Close.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	for _, tests := range [][]test{
		accountTests, rosterTests, documentTests, blocklistTests, roomTests, archiveTests, pageTests, undeliveredTests, passingTests,
		deleteTests, lookupTests, rewriteTests, searchTests, portableTests, keyTests, concurrencyTests,
	} {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				tt.run(t, open(t))
			})
		}
	}
	t.Run("Durability", func(t *testing.T) { durability(t, open) })
	t.Run("Close", func(t *testing.T) { closing(t, open) })
	t.Run("Cancelled", func(t *testing.T) { cancelled(t, open(t)) })
	t.Run("Delete/by one who does not wait", func(t *testing.T) { hurriedDeletion(t, open(t)) })
}

// The suite's addresses, with what plain ASCII would not show.
var (
	alice   = wire.MustAddr("alice@example.test")
	bob     = wire.MustAddr("bob@example.test")
	jürgen  = wire.MustAddr("jürgen@münchen.example.test")
	emoji   = wire.MustAddr("room@conference.example.test/🦆 duck/pond")
	garden  = wire.MustAddr("garden@conference.example.test")
	example = wire.MustAddr("example.test")
)

// noon is a time without more than milliseconds, as stores keep them.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)

var errChange = errors.New("a change that fails")

func ctx(t *testing.T) context.Context { return t.Context() }

// must stops the test at an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %.2000s\nwant %.2000s", what, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func addr(format string, args ...any) wire.Addr { return wire.MustAddr(fmt.Sprintf(format, args...)) }
