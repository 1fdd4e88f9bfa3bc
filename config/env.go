package config

import (
	"fmt"
	"slices"
	"strings"
)

// envPrefix begins every variable that sets a key: SALON_CFG_LIMITS__STANZA sets limits.stanza.
const envPrefix = "SALON_CFG_"

// envValue is a value that a variable sets, and the variable's name.
type envValue struct {
	variable string
	value    any
}

func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
}

// parseEnv reads the variables with our prefix, by key. Of two with one name the later counts; an empty one is set.
func parseEnv(env []string) (map[string]envValue, []*Error) {
	scalars, lists, names := envSchema()
	values, texts := map[string]envValue{}, map[string]string{}
	for _, pair := range env {
		if name, text, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, envPrefix) {
			texts[name] = text
		}
	}
	var errs []*Error
	fail := func(name, key, format string, args ...any) {
		errs = append(errs, &Error{Source: short(name), Key: key, Problem: fmt.Sprintf(format, args...)})
	}
	for name, text := range texts {
		if f, ok := scalars[name]; ok {
			v, err := parseScalar(f.typ, text)
			if err != nil {
				fail(name, f.name, "%v", err)
				continue
			}
			values[f.name] = envValue{name, v}
			continue
		}
		if key, ok := listOf(name, lists); ok {
			fail(name, key, "is a list, which a variable cannot set; write it into the file")
			continue
		}
		fail(name, "", "unknown variable; the nearest is %s", nearestOf(name, names))
	}
	slices.SortFunc(errs, func(a, b *Error) int { return strings.Compare(a.Source, b.Source) })
	return values, errs
}

// envSchema maps the variables' names to fields, whose name is the dotted key here, and to the keys of lists.
func envSchema() (scalars map[string]field, lists map[string]string, names []string) {
	scalars, lists = map[string]field{}, map[string]string{}
	walk(typeConfig, "", func(key string, f field) {
		name := envName(key)
		if isList(f.typ) {
			lists[name] = key
			return
		}
		f.name = key
		scalars[name] = f
		names = append(names, name)
	})
	return scalars, lists, names
}

// listOf finds the list that a variable means, by its own name or by one below it (SALON_CFG_HOSTS__0__NAME).
func listOf(name string, lists map[string]string) (key string, ok bool) {
	for list, key := range lists {
		if name == list || strings.HasPrefix(name, list+"__") {
			return key, true
		}
	}
	return "", false
}
