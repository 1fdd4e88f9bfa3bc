package feature

import "salon.im/salon/wire"

const nsDataPolicy = "urn:xmpp:data-policy:0"

// dataPolicy is the form that says how long the archives of a host's users keep messages (XEP-0504 §3, §3.3).
func (d *Discovery) dataPolicy(host string) wire.Form {
	keep := d.o.Config().HostNamed(host).Archive.Keep
	return wire.Form{FormType: nsDataPolicy, Fields: []wire.Field{
		{Var: "data_retention", Type: "text-single", Values: []string{keep.Hours()}}}}
}
