package config

import (
	"fmt"
	"reflect"
)

// Reload compares a running server's settings with newly loaded ones.
//
// apply is old with every change that a running server can follow; applied names those keys, restart the changed
// keys that are left as they were, both in the order of the file. Of a list of hosts either everything is applied or
// nothing. apply shares slices with both, and is valid if both are. Neither is changed.
func Reload(old, loaded *Config) (apply *Config, applied, restart []string) {
	result := *old
	target := reflect.ValueOf(&result).Elem()
	values := map[string]reflect.Value{}
	walkValue(reflect.ValueOf(loaded).Elem(), "", func(key string, _ field, v reflect.Value) { values[key] = v })
	walkValue(target, "", func(key string, f field, v reflect.Value) {
		next := values[key]
		keys, fixed := changes(key, f, v, next)
		switch {
		case len(keys) == 0:
		case fixed:
			restart = append(restart, keys...)
		default:
			applied = append(applied, keys...)
			v.Set(next)
		}
	})
	return &result, applied, restart
}

// changes names the changed keys of a value, and tells whether one of them needs a restart.
//
// In a list of sections of the same length those are the keys inside.
func changes(key string, f field, a, b reflect.Value) (keys []string, fixed bool) {
	if reflect.DeepEqual(a.Interface(), b.Interface()) {
		return nil, false
	}
	if !isList(f.typ) || !isSection(f.typ.Elem()) || a.Len() != b.Len() {
		return []string{key}, f.tag.Get("reload") != "true"
	}
	for i := range a.Len() {
		for _, inner := range fieldsOf(f.typ.Elem()) {
			x, y := a.Index(i).Field(inner.index), b.Index(i).Field(inner.index)
			if reflect.DeepEqual(x.Interface(), y.Interface()) {
				continue
			}
			keys = append(keys, fmt.Sprintf("%s[%d].%s", key, i, inner.name))
			fixed = fixed || inner.tag.Get("reload") == "false"
		}
	}
	return keys, fixed
}
