package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// nodes reads one YAML document against the schema. It keeps the line of every key, and drops what is wrong after
// noting it, so that one reading finds every mistake.
type nodes struct {
	file  string
	lines map[string]int
	errs  []*Error
}

// parseFile returns the typed values of a file, sections as maps, and where they stand.
func parseFile(file string, data []byte) (map[string]any, *nodes) {
	n := &nodes{file: file, lines: map[string]int{}}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) { // EOF: nothing but comments
			n.syntax(err)
		}
		return nil, n
	}
	if err := decoder.Decode(&second); err == nil {
		n.fail(second.Line, "", "a second document begins here; want one")
	} else if !errors.Is(err, io.EOF) {
		n.syntax(err)
	}
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil, n
	}
	return n.section(doc.Content[0], field{typ: typeConfig}, ""), n
}

// enough tells whether to stop reading: there is one error more than will be told.
func (n *nodes) enough() bool { return len(n.errs) > maxErrors }

func (n *nodes) fail(line int, key, format string, args ...any) {
	n.errs = append(n.errs, &Error{File: n.file, Line: line, Key: key, Problem: fmt.Sprintf(format, args...)})
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// syntax takes the line out of an error of the YAML reader.
func (n *nodes) syntax(err error) {
	m := yamlLine.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(m[1])
	n.fail(line, "", "not YAML: %s", strings.TrimPrefix(err.Error(), m[0]))
}

// section reads a mapping into typed values. key is the section's own dotted key, empty for the root.
func (n *nodes) section(node *yaml.Node, f field, key string) map[string]any {
	if node.Kind != yaml.MappingNode || node.ShortTag() != "!!map" {
		n.wrongType(node, f, key)
		return nil
	}
	prefix := key
	if prefix != "" {
		prefix += "."
	}
	values, seen := map[string]any{}, map[string]int{}
	for i := 0; i+1 < len(node.Content) && !n.enough(); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		child, ok := n.name(name, f.typ, prefix)
		if !ok {
			continue
		}
		if first, again := seen[child.name]; again {
			n.fail(name.Line, prefix+child.name, "is set twice, first on line %d", first)
			continue
		}
		seen[child.name] = name.Line
		n.lines[prefix+child.name] = name.Line
		if v, ok := n.value(value, child, prefix+child.name); ok {
			values[child.name] = v
		}
	}
	return values
}

// name finds the field that a key names.
func (n *nodes) name(node *yaml.Node, section reflect.Type, prefix string) (field, bool) {
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!str" {
		for _, f := range fieldsOf(section) {
			if f.name == node.Value {
				return f, true
			}
		}
	}
	if node.Kind != yaml.ScalarNode || node.ShortTag() == "!!merge" {
		n.fail(node.Line, strings.TrimSuffix(prefix, "."), "a key must be a plain word; anchors and merges are not supported")
		return field{}, false
	}
	near := nearestKey(withoutIndices(prefix), node.Value)
	if dots := strings.Count(node.Value, "."); dots > 0 && near == withoutIndices(prefix)+node.Value {
		nested := strings.ReplaceAll(node.Value, ".", ": {") + ": …" + strings.Repeat("}", dots)
		n.fail(node.Line, near, "a key has no dot; write %s", nested)
		return field{}, false
	}
	n.fail(node.Line, prefix+short(node.Value), "unknown key; the nearest is %s", near)
	return field{}, false
}

// value reads the value of a key. An error is noted with the line of the value.
func (n *nodes) value(node *yaml.Node, f field, key string) (any, bool) {
	switch {
	case node.Kind == yaml.AliasNode:
		n.fail(node.Line, key, "anchors and aliases are not supported; write the value out")
	case isNull(node) && isSection(f.typ):
		// A section whose keys are all commented out.
	case isNull(node):
		n.fail(node.Line, key, "has no value; %s, or remove the key", wanted(f))
	case isSection(f.typ):
		v := n.section(node, f, key)
		return v, v != nil
	case isList(f.typ):
		return n.list(node, f, key)
	default:
		return n.scalar(node, f, key)
	}
	return nil, false
}

func (n *nodes) list(node *yaml.Node, f field, key string) (any, bool) {
	if node.Kind != yaml.SequenceNode || node.ShortTag() != "!!seq" {
		n.wrongType(node, f, key)
		return nil, false
	}
	values := []any{}
	element := field{typ: f.typ.Elem(), tag: f.tag}
	for i, item := range node.Content {
		if n.enough() {
			break
		}
		itemKey := fmt.Sprintf("%s[%d]", key, i)
		n.lines[itemKey] = item.Line
		if isNull(item) {
			n.fail(item.Line, itemKey, "has no value; %s", wanted(element))
		} else if v, ok := n.value(item, element, itemKey); ok {
			values = append(values, v)
			continue
		}
		values = append(values, placeholder(element)) // what follows keeps its index
	}
	return values, true
}

// placeholder stands for an element that was wrong. The file is refused anyway.
func placeholder(f field) any {
	if isSection(f.typ) {
		return map[string]any{}
	}
	return reflect.Zero(f.typ).Interface()
}

// scalar accepts the YAML types that may stand for the type of the key, and no other.
func (n *nodes) scalar(node *yaml.Node, f field, key string) (any, bool) {
	tag := node.ShortTag()
	var allowed bool
	switch {
	case node.Kind != yaml.ScalarNode:
	case f.typ == typeDuration, f.typ == typeKeep:
		allowed = tag == "!!str" || tag == "!!int" || tag == "!!float" // a number gets the error that names its unit
	case f.typ == typeSize:
		allowed = tag == "!!str" || tag == "!!int"
	case f.typ.Kind() == reflect.Bool:
		allowed = tag == "!!bool"
	case f.typ.Kind() == reflect.Int:
		allowed = tag == "!!int"
	default:
		allowed = tag == "!!str"
	}
	if !allowed {
		n.wrongType(node, f, key)
		return nil, false
	}
	v, err := parseScalar(f.typ, node.Value)
	if err != nil {
		n.fail(node.Line, key, "%v", err)
		return nil, false
	}
	return v, true
}

var kinds = map[string]string{
	"!!map": "a section", "!!seq": "a list", "!!str": "text", "!!int": "a number", "!!float": "a number",
	"!!bool": "true or false", "!!timestamp": "a date",
}

// wrongType says what is wanted and what is there, without the value: it may be a secret.
func (n *nodes) wrongType(node *yaml.Node, f field, key string) {
	is, ok := kinds[node.ShortTag()]
	if !ok {
		is = "the YAML type " + short(node.ShortTag())
	}
	n.fail(node.Line, key, "%s; this is %s", wanted(f), is)
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }

var indices = regexp.MustCompile(`\[\d+\]`)

func withoutIndices(key string) string { return indices.ReplaceAllString(key, "") }

// short escapes what somebody wrote, and cuts it to the length of a word that can stand in an error.
func short(s string) string {
	escaped := strconv.Quote(s)
	escaped = escaped[1 : len(escaped)-1]
	if len(escaped) > maxShown {
		escaped = strings.ToValidUTF8(escaped[:maxShown], "") + "…"
	}
	return escaped
}

// maxShown is how many bytes of a wrong value an error shows.
const maxShown = 64

// quote is short between quotation marks.
func quote(s string) string { return `"` + short(s) + `"` }
