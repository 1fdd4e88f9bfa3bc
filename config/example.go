package config

import (
	"bytes"
	_ "embed"
)

//go:embed salon.example.yaml
var example []byte

// Example returns a settings file that documents every key, and that loads as [Default].
func Example() []byte { return bytes.Clone(example) }
