package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var binary string

// TestMain builds the program once.
func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	if how := os.Getenv(bareWriterEnv); how != "" {
		if err := bareWriter(how); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	dir, err := os.MkdirTemp("", "salon-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "salon")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	return m.Run()
}

// settings keep the iterations low, take any free port, and hold one account.
const settings = `hosts: [{name: a.test}]
listen: {c2s: ["127.0.0.1:0"], c2s_direct: ["127.0.0.1:0"], http: ""}
auth: {iterations: 4096, mechanisms: [SCRAM-SHA-256]}
archive: {hold: [held@a.test]}
`

// dataDir returns a data directory with settings.
func dataDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file(t, dir, "salon.yaml", settings)
	return dir
}

func file(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// result is what a command did.
type result struct {
	code     int
	out, err string
}

// salon runs a command to its end, with the text as standard input.
func salon(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir = t.TempDir()
	cmd.Stdin = strings.NewReader(stdin)
	var out, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failed
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), failed.String()}
}

// want compares a result. The texts are parts of the output; "" wants none at all.
func (r result) want(t *testing.T, code int, out, failed string) {
	t.Helper()
	if r.code != code || !strings.Contains(r.out, out) || !strings.Contains(r.err, failed) || out == "" && r.out != "" || failed == "" && r.err != "" {
		t.Errorf("exit %d\n%s%s--- want exit %d, %q, %q", r.code, r.out, r.err, code, out, failed)
	}
}

// process is a running server.
type process struct {
	*exec.Cmd
	greeting string
	log      *record
}

// record keeps a log while it is written.
type record struct {
	mu    sync.Mutex
	grown *sync.Cond
	text  string
}

func newRecord() *record {
	r := new(record)
	r.grown = sync.NewCond(&r.mu)
	return r
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text += string(p)
	r.grown.Broadcast()
	return len(p), nil
}

// until waits for a text; the test's own time limit ends it.
func (r *record) until(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !strings.Contains(r.text, text) {
		r.grown.Wait()
	}
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text
}

// serve starts a server and returns when it has said that it listens. It is killed with the test.
func serve(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), binary, append([]string{"serve"}, args...)...), log: newRecord()}
	p.Dir = t.TempDir()
	p.Stderr = p.log
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		p.greeting += lines.Text() + "\n"
		if strings.Contains(lines.Text(), "Certificate") {
			return p
		}
	}
	_ = p.Wait()
	t.Fatalf("no server: %s%s", p.greeting, p.log)
	return nil
}

// end sends a signal and returns the exit code.
func (p *process) end(t *testing.T, s os.Signal) int {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	return p.ProcessState.ExitCode()
}
