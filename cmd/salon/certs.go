package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"salon.im/salon/certs"
	"salon.im/salon/config"
	"salon.im/salon/control"
)

func (a *app) certCmd() *cobra.Command {
	c := a.group(&cobra.Command{Use: "cert", Short: "List and renew certificates, and check what would keep new ones away"})
	c.AddCommand(a.certListCmd(), a.certRenewCmd(), a.certCheckCmd())
	return c
}

func (a *app) certListCmd() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the certificate of each name that the server shows, with --json one object a line", Args: cobra.NoArgs}
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) error {
			list, err := admin.ListCertificates(ctx)
			if err != nil {
				return err
			}
			if a.json {
				return each(a, list)
			}
			a.table(func(w io.Writer) {
				for _, st := range list {
					_, _ = fmt.Fprintf(w, "%s\t%s\tby %s\tends %s\t%s\n", st.Name, st.Origin, line(st.Issuer), st.Ends.Local().Format(time.DateTime), future(st))
				}
			})
			return nil
		})
	}
	return a.jsonFlag(c)
}

// future says what becomes of a certificate.
func future(st certs.Status) string {
	switch {
	case st.Next.IsZero() && st.Origin != certs.OriginSelfSigned:
		return "renewed elsewhere"
	case st.Failures > 0:
		return fmt.Sprintf("failures: %d, next try %s: %s", st.Failures, st.Next.Local().Format(time.DateTime), line(st.Error))
	case st.Next.IsZero():
		return ""
	}
	return "next " + st.Next.Local().Format(time.DateTime)
}

func (a *app) certRenewCmd() *cobra.Command {
	c := &cobra.Command{Use: "renew NAME", Short: "Get a new automatic certificate for a name now; streams go on", Args: one}
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) error {
			if err := admin.RenewCertificate(ctx, args[0]); err != nil {
				return err
			}
			if a.json {
				return a.encode(map[string]string{"renewed": args[0]})
			}
			a.say("%s has a new certificate\n", args[0])
			return nil
		})
	}
	return a.jsonFlag(c)
}

func (a *app) certCheckCmd() *cobra.Command {
	c := &cobra.Command{Use: "check", Short: "Tell what would keep automatic certificates away, before the authority is asked, with --json one object a line",
		Long: "Look at the clock, the authority, the ports of the challenges, and for each name at its addresses, whether they lead here, and its\n" +
			"CAA records. The authority is asked for its directory alone. The exit status is 1 if something would fail.", Args: cobra.NoArgs}
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.withAdmin(c, func(ctx context.Context, admin control.Admin, _ *config.Config) error {
			findings, err := admin.CheckCertificates(ctx)
			if err != nil {
				return err
			}
			if a.json {
				err = each(a, findings)
			} else {
				a.table(func(w io.Writer) {
					for _, f := range findings {
						_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Verdict, f.Check, f.Name, line(f.Text))
					}
				})
			}
			return errors.Join(err, failed(findings))
		})
	}
	return a.jsonFlag(c)
}

// failed is the error of a check that found something.
func failed(findings []certs.Finding) error {
	n := 0
	for _, f := range findings {
		if f.Verdict == certs.VerdictFailed {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return &control.Error{Kind: control.Invalid, Text: fmt.Sprintf("%d of %d checks failed", n, len(findings))}
}

// each prints one JSON object a line.
func each[T any](a *app, list []T) error {
	for _, v := range list {
		if err := a.encode(v); err != nil {
			return err
		}
	}
	return nil
}
