package config

import (
	"reflect"
	"strings"
	"time"
)

var (
	typeConfig   = reflect.TypeFor[Config]()
	typeDuration = reflect.TypeFor[time.Duration]()
	typeSize     = reflect.TypeFor[Size]()
	typeKeep     = reflect.TypeFor[Keep]()
	typeContact  = reflect.TypeFor[Contact]()
)

// field is one key of a section: its name, its type without pointers, and its tags.
type field struct {
	name  string
	index int
	typ   reflect.Type
	tag   reflect.StructTag
}

// fieldsOf lists the keys of a section in the order of its struct.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		typ := f.Type
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		out = append(out, field{name, i, typ, f.Tag})
	}
	return out
}

// isSection tells whether the key holds keys, rather than a value or a list.
func isSection(t reflect.Type) bool { return t.Kind() == reflect.Struct }

// isList tells whether the key holds a list, of strings or of sections.
func isList(t reflect.Type) bool { return t.Kind() == reflect.Slice }

// walk calls visit for every key of the section that is none itself, lists of sections included, in order.
func walk(t reflect.Type, prefix string, visit func(key string, f field)) {
	for _, f := range fieldsOf(t) {
		if isSection(f.typ) {
			walk(f.typ, prefix+f.name+".", visit)
			continue
		}
		visit(prefix+f.name, f)
	}
}

// walkValue is walk with the values. v is a struct; the values can be set if v can.
func walkValue(v reflect.Value, prefix string, visit func(key string, f field, v reflect.Value)) {
	for _, f := range fieldsOf(v.Type()) {
		fv := v.Field(f.index)
		if fv.Kind() == reflect.Struct {
			walkValue(fv, prefix+f.name+".", visit)
			continue
		}
		visit(prefix+f.name, f, fv)
	}
}

// allKeys lists the dotted keys of values, those inside of lists of sections included (as list.key).
func allKeys() []string {
	var out []string
	var visit func(key string, f field)
	visit = func(key string, f field) {
		out = append(out, key)
		if isList(f.typ) && isSection(f.typ.Elem()) {
			walk(f.typ.Elem(), key+".", visit)
		}
	}
	walk(typeConfig, "", visit)
	return out
}
