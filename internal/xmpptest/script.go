package xmpptest

import (
	"fmt"
	"regexp"
	"strings"
)

// Script is a parsed script; see the package's documentation for the language.
type Script struct {
	Name    string // of the file
	Title   string
	Skip    string      // why it is skipped
	Over    []Transport // that it makes sense over
	Set     []Setting
	Clients []ScriptClient
	Steps   []Step
}

// Setting is a key of the configuration, dotted, and its value in YAML.
type Setting struct{ Key, Value string }

// ScriptClient is a client as declared.
type ScriptClient struct {
	Name, Addr, Stage string
	Line              int
}

// Step is one line of a script and its block.
type Step struct {
	Line  int
	Who   string // "server" for the server
	Text  string // what is said of it, without who
	Block string
}

var (
	titleForm  = regexp.MustCompile(`^# .*§\S+.*: .+`)
	clientForm = regexp.MustCompile(`^([a-z][a-z0-9]*): (\S+@\S+?)(?:, ([a-z]+))?$`)
	stepForm   = regexp.MustCompile(`^([a-z][a-z0-9]*)('s)? (.+)$`)
	stages     = []string{"away", "raw", "open", "direct", "encrypted", "secured", "authenticated", "bound", "online", "resumable"}
)

// ParseScript reads a script. Its errors name the line.
func ParseScript(name, text string) (*Script, error) {
	s := &Script{Name: name, Over: Transports()}
	lines := strings.Split(text, "\n")
	if !titleForm.MatchString(lines[0]) {
		return nil, fmt.Errorf("%s:1: the first line is a title with its §: # XEP-0045 §7.2.5: what it shows", name)
	}
	s.Title = lines[0][2:]
	for i := 1; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \t")
		switch {
		case line == "", line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if len(s.Steps) == 0 {
				return nil, fmt.Errorf("%s:%d: an indented line belongs to a step", name, i+1)
			}
			s.Steps[len(s.Steps)-1].Block += strings.TrimPrefix(line, "\t") + "\n"
		default:
			if err := s.line(line, i+1); err != nil {
				return nil, err
			}
		}
	}
	if len(s.Steps) == 0 {
		return nil, fmt.Errorf("%s: no steps", name)
	}
	return s, s.check()
}

func (s *Script) line(line string, n int) error {
	if v, ok := strings.CutPrefix(line, "skip: "); ok {
		s.Skip = v
		return nil
	}
	if v, ok := strings.CutPrefix(line, "over: "); ok {
		var err error
		if s.Over, err = parseTransports(v); err != nil {
			return fmt.Errorf("%s:%d: %w", s.Name, n, err)
		}
		return nil
	}
	if v, ok := strings.CutPrefix(line, "set "); ok {
		k, v, ok := strings.Cut(v, ": ")
		if !ok {
			return fmt.Errorf("%s:%d: a setting is `set key: value`", s.Name, n)
		}
		s.Set = append(s.Set, Setting{k, v})
		return nil
	}
	if m := clientForm.FindStringSubmatch(line); m != nil {
		if m[3] == "" {
			m[3] = "bound"
		}
		s.Clients = append(s.Clients, ScriptClient{m[1], m[2], m[3], n})
		return nil
	}
	m := stepForm.FindStringSubmatch(line)
	if m == nil {
		return fmt.Errorf("%s:%d: neither a setting, a client nor a step: %q", s.Name, n, line)
	}
	s.Steps = append(s.Steps, Step{Line: n, Who: m[1], Text: m[3]})
	return nil
}

// check holds clients and steps against each other, so that a misspelt one is found before the server starts.
func (s *Script) check() error {
	known := map[string]bool{"server": true}
	for _, c := range s.Clients {
		if known[c.Name] {
			return fmt.Errorf("%s:%d: there is a %s already", s.Name, c.Line, c.Name)
		}
		known[c.Name] = true
		if !contains(stages, c.Stage) {
			return fmt.Errorf("%s:%d: unknown stage %q; there are %s", s.Name, c.Line, c.Stage, strings.Join(stages, ", "))
		}
	}
	for _, st := range s.Steps {
		if !known[st.Who] {
			return fmt.Errorf("%s:%d: no client %q", s.Name, st.Line, st.Who)
		}
		v, _ := verbOf(st)
		if v == nil {
			return fmt.Errorf("%s:%d: unknown step %q", s.Name, st.Line, st.Text)
		}
		if v.block == mustHave && st.Block == "" || v.block == mustNot && st.Block != "" {
			return fmt.Errorf("%s:%d: %q needs its block, indented, or must not have one", s.Name, st.Line, st.Text)
		}
		if v.pattern {
			if _, err := parsePattern(st.Block); err != nil {
				return fmt.Errorf("%s:%d: %w", s.Name, st.Line, err)
			}
		}
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
