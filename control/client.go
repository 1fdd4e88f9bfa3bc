package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"

	"salon.im/salon/wire"
)

// maxReplyBytes bounds what the client reads: a page of MaxList users is far below, and so are held rows.
const maxReplyBytes = 32 << 20

// ErrNoServer says that nobody answers on the control socket.
var ErrNoServer = errors.New("control: no server is running on this data directory")

// Client is the Admin of a running server, over its socket. Safe for any goroutine.
type Client struct{ http *http.Client }

var _ Admin = (*Client)(nil)

// NewClient connects to the server of a data directory, or returns ErrNoServer.
func NewClient(ctx context.Context, dir string) (*Client, error) {
	conn, err := dial(ctx, dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNoServer
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("cannot reach the server's control socket: %w: become the user that the server runs as", err)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot reach the server's control socket: %w", err)
	}
	_ = conn.Close()
	return &Client{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, dir) },
	}}}, nil
}

// Close ends idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// AddUser implements Admin.
func (c *Client) AddUser(ctx context.Context, addr wire.Addr, password string) error {
	return c.user(ctx, "add", credentials{addr.String(), password})
}

// SetPassword implements Admin.
func (c *Client) SetPassword(ctx context.Context, addr wire.Addr, password string) error {
	return c.user(ctx, "passwd", credentials{addr.String(), password})
}

// DeleteUser implements Admin.
func (c *Client) DeleteUser(ctx context.Context, addr wire.Addr) error {
	return c.user(ctx, "delete", credentials{JID: addr.String()})
}

func (c *Client) user(ctx context.Context, what string, body credentials) error {
	return c.post(ctx, "/users/"+what, body, nil)
}

// ListUsers implements Admin.
func (c *Client) ListUsers(ctx context.Context, host string, after wire.Addr, limit int) ([]User, error) {
	q := url.Values{"host": {host}, "after": {after.String()}, "limit": {strconv.Itoa(limit)}}
	var users []User
	err := c.do(ctx, http.MethodGet, "/users?"+q.Encode(), nil, &users)
	return users, err
}

// ImportUsers implements Admin. The lines are passed on as they are read.
func (c *Client) ImportUsers(ctx context.Context, lines io.Reader) (ImportReport, error) {
	var reply importReply
	err := c.do(ctx, http.MethodPost, "/users/import", io.NopCloser(lines), &reply)
	if err == nil && reply.Error != nil {
		err = reply.Error
	}
	return reply.Report, err
}

// Reload implements Admin.
func (c *Client) Reload(ctx context.Context) (report ReloadReport, err error) {
	err = c.do(ctx, http.MethodPost, "/reload", nil, &report)
	return report, err
}

// Status implements Admin.
func (c *Client) Status(ctx context.Context) (status Status, err error) {
	err = c.do(ctx, http.MethodGet, "/status", nil, &status)
	return status, err
}

// refused reads the *Error that a server sent in place of an answer.
func refused(resp *http.Response, path string) error {
	e := &Error{}
	if json.NewDecoder(io.LimitReader(resp.Body, maxReplyBytes)).Decode(e) != nil || e.Text == "" {
		return fmt.Errorf("the server answered %s to %s: is it of another version?", resp.Status, path)
	}
	return e
}

// send makes one request. A refusal comes back as the *Error that the server sent.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://salon"+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("the server did not answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		defer func() { _ = resp.Body.Close() }()
		return nil, refused(resp, r.URL.Path)
	}
	return resp, nil
}

// post sends a body as JSON. Errors are those of send.
func (c *Client) post(ctx context.Context, path string, body, result any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, bytes.NewReader(data), result)
}

// do makes one request and reads the answer. Errors are those of send.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader, result any) error {
	resp, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if result == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxReplyBytes)).Decode(result); err != nil {
		return fmt.Errorf("the server's answer to %s is not understood: %w", path, err)
	}
	return nil
}
