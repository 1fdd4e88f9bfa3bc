package storage_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"salon.im/salon/storage"
)

// No method but Close goes past via, and each says which it is.
func TestThrough(t *testing.T) {
	refused := errors.New("refused")
	asked := ""
	s := reflect.ValueOf(storage.Through(empty{}, func(_ context.Context, method string, _ func(context.Context) error) error {
		asked = method
		return refused
	}))
	methods := reflect.TypeFor[storage.Store]()
	for i := range methods.NumMethod() {
		m := methods.Method(i)
		if m.Name == "Close" {
			continue
		}
		out := s.MethodByName(m.Name).Call(zeros(m.Type, t.Context()))
		if err := out[len(out)-1].Interface(); err != refused || asked != m.Name {
			t.Errorf("%s: %v, by the name of %s", m.Name, err, asked)
		}
	}
}

// zeros are arguments for a method of that type: a context, and nothing else.
func zeros(method reflect.Type, ctx context.Context) []reflect.Value {
	args := []reflect.Value{reflect.ValueOf(ctx)}
	for j := 1; j < method.NumIn() && !(method.IsVariadic() && j == method.NumIn()-1); j++ {
		args = append(args, reflect.Zero(method.In(j)))
	}
	return args
}
