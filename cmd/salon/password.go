package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"

	"salon.im/salon/auth"
)

// readPassword returns the password from a file, from the terminal (asked twice, without echo), or else the first line of
// standard input.
func (a *app) readPassword(file, whose string) (string, error) {
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return "", unreadable("cannot read the password", err)
		}
		defer func() { _ = f.Close() }()
		return firstLine(f)
	}
	if !term.IsTerminal(int(a.in.Fd())) {
		return firstLine(a.in)
	}
	first, err := a.ask("Password for " + whose + ": ")
	if err != nil {
		return "", err
	}
	second, err := a.ask("Once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two passwords differ: nothing was changed, try again")
	}
	return first, nil
}

// ask reads a line from the terminal without echo. A signal brings the echo back before it ends the program.
func (a *app) ask(prompt string) (string, error) {
	fd := int(a.in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("cannot read the password: %w", err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1)
	_, _ = fmt.Fprint(a.err, prompt)
	go func() { // ends with the line, or with the program
		line, err := term.ReadPassword(fd)
		answers <- answer{line, err}
	}()
	select {
	case got := <-answers:
		_, _ = fmt.Fprintln(a.err)
		if got.err != nil {
			return "", fmt.Errorf("cannot read the password: %w", got.err)
		}
		return string(got.line), nil
	case <-signals:
		_, _ = fmt.Fprintln(a.err)
		return "", errors.Join(errors.New("interrupted: nothing was changed"), term.Restore(fd, before))
	}
}

// firstLine reads up to the end of a line, which it leaves out. More than a password can hold is refused later.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 2*auth.MaxPasswordBytes)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("cannot read the password: %w", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
}
