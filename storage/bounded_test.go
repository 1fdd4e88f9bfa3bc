package storage_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"salon.im/salon/storage"
	"salon.im/salon/storage/storagetest"
)

// Every call to a store that hangs ends in time, but those of commands.
func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f storagetest.Faulty
		defer f.Hang()()
		s := storage.Bounded(&f, 8*time.Second)
		portable := reflect.TypeFor[storage.Portable]()
		methods := reflect.TypeFor[storage.Store]()
		for i := range methods.NumMethod() {
			m := methods.Method(i)
			if _, ok := portable.MethodByName(m.Name); ok || m.Name == "Close" {
				continue
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			args := []reflect.Value{reflect.ValueOf(ctx)}
			for j := 1; j < m.Type.NumIn() && !(m.Type.IsVariadic() && j == m.Type.NumIn()-1); j++ {
				args = append(args, reflect.Zero(m.Type.In(j)))
			}
			began := time.Now()
			out := reflect.ValueOf(s).MethodByName(m.Name).Call(args)
			err, _ := out[len(out)-1].Interface().(error)
			if took := time.Since(began); took != 8*time.Second || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s ends after %v: %v", m.Name, took, err)
			}
			cancel()
		}
	})
}
