package wire_test

// fuzzSeeds are stanzas of every shape that the rules speak of.
var fuzzSeeds = []string{
	`<message to='a@b/c' from="x" type='chat' id='1'><body>hi &amp; &#x41;</body><x xmlns='urn:x'/></message>`,
	`<presence/> <presence type='unavailable'></presence >` + "\n",
	`<iq type='get' id='q'><query xmlns='urn:y' node=''><item a='1'/>text</query></iq></stream:stream>`,
	`<r xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='3'/>`,
	`<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>`,
	`<message><![CDATA[<body>&]]]]><![CDATA[>]]></message>`,
	`<message><x:a x:b='1' xmlns:y='urn:z' y:b='2'/></message>`,
	`<c:iq xmlns:c='jabber:client' type='get' id='1'><c:q/><q xmlns='u'/></c:iq>`,
	`<message xmlns='jabber:client'><body xmlns='jabber:client'>x</body></message>`,
	`<message xmlns='jabber:server'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body/></message></forwarded></message>`,
	"<message id='a\tb\r\nc'>x\ry\r\nz</message>",
	`<message id='&#10;&quot;' to='a@b/&#9;' xmlns:p='urn:x&#109;pp'><p:a/><b xmlns='&#117;rn'><c/></b></message>`,
	`<message xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>`,
	`<message xmlns:stream='urn:mine'><stream:a><b xmlns=''><c/></b></stream:a></message>`,
	`<message xml:lang='de' to='A@B.C' xml:space='x'>]] &gt; ]></message>`,
	"<message>\u00e9\u4e2d\U0001F600</message>",
	"<\xff/><message>\xc0\x80\xed\xa0\x80\xef\xbf\xbf</message>",
	`<message><x:/></message>`, `<message a='1'b='2'/>`, `<!-- --><?pi?><!DOCTYPE x>`, `<message><!--x--></message>`,
	`<c:message xmlns='urn:d'><a/><x:b xmlns='jabber:client' xmlns:x='q'><c/></x:b><c:d><e/></c:d></c:message>`,
}
