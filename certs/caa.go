package certs

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// caa looks whether the CAA records of a name let an authority issue that goes by one of these names (RFC 8659 §3 and §4.2).
func (d *dryRun) caa(ctx context.Context, name string, authority []string) {
	if len(authority) == 0 {
		return // it could not be asked, or it heeds none
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	server := d.DNS
	if server == "" {
		system, err := dns.ClientConfigFromFile("/etc/resolv.conf")
		if err != nil || len(system.Servers) == 0 {
			d.tell(name, "caa", VerdictWarning, "no DNS server is known to ask for CAA records")
			return
		}
		server = net.JoinHostPort(system.Servers[0], system.Port)
	}
	// The nearest set counts, from the name itself up (RFC 8659 §3).
	for labels := strings.Split(name, "."); len(labels) > 0; labels = labels[1:] {
		domain := strings.Join(labels, ".")
		set, err := lookupCAA(ctx, server, domain)
		if err != nil {
			d.tell(name, "caa", VerdictWarning, "the CAA records of %s cannot be read (%v); an authority that cannot read them refuses", domain, err)
			return
		}
		if len(set) > 0 {
			d.judgeCAA(name, domain, set, authority)
			return
		}
	}
	d.tell(name, "caa", VerdictOK, "no CAA record keeps any authority away")
}

func (d *dryRun) judgeCAA(name, domain string, set []*dns.CAA, authority []string) {
	var allowed []string
	restricted := false
	for _, r := range set {
		if strings.EqualFold(r.Tag, "issue") { // RFC 8659 §4.2
			restricted = true
			issuer, _, _ := strings.Cut(r.Value, ";")
			allowed = append(allowed, strings.ToLower(strings.TrimSpace(issuer)))
		}
	}
	fits := func(id string) bool { return slices.Contains(allowed, strings.ToLower(id)) }
	if restricted && !slices.ContainsFunc(authority, fits) {
		d.tell(name, "caa", VerdictFailed, "the CAA records of %s do not allow this authority: add %s. CAA 0 issue %q", domain, domain, authority[0])
		return
	}
	d.tell(name, "caa", VerdictOK, "the CAA records of %s allow this authority", domain)
}

// lookupCAA returns the CAA records of a domain, none if it does not exist.
func lookupCAA(ctx context.Context, server, domain string) (set []*dns.CAA, err error) {
	question := new(dns.Msg).SetQuestion(dns.Fqdn(domain), dns.TypeCAA)
	answer, _, err := (&dns.Client{}).ExchangeContext(ctx, question, server)
	if err == nil && answer.Truncated {
		answer, _, err = (&dns.Client{Net: "tcp"}).ExchangeContext(ctx, question, server)
	}
	if err != nil {
		return nil, err
	}
	if answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
		return nil, fmt.Errorf("the DNS server says %s", dns.RcodeToString[answer.Rcode])
	}
	for _, r := range answer.Answer { // with those of a name that this one is an alias of
		if caa, ok := r.(*dns.CAA); ok {
			set = append(set, caa)
		}
	}
	return set, nil
}
