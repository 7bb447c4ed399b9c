package vectors

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

func announceGateway(id int, public []byte) []byte { return record(9, ms(at), u16(id), public) }
func withdrawGateway(id int, cutoff int64) []byte  { return record(10, ms(at), u16(id), u32(cutoff)) }
func forgive(index int, atMS uint64) []byte        { return record(11, ms(atMS), id(index)) }
func amnesty(scopes byte, station []byte, from, until int64) []byte {
	return record(12, ms(at), []byte{scopes}, station, u32(from), u32(until))
}
func endAmnesty(scopes byte, station []byte, from, until, end int64) []byte {
	return record(14, ms(at), []byte{scopes}, station, u32(from), u32(until), u32(end))
}

// The bits of the scopes byte.
const (
	entry = 1 << 4
	exit  = 1 << 5
)

// everywhere is the station of an amnesty of every station.
var everywhere = make([]byte, 8)

// station returns the identifier of a station after section 2 of docs/revocation.md.
func station(name string) []byte {
	sum := sha256.Sum256([]byte("railgate/station/v1" + name))
	return sum[:8]
}

// gatewayKey returns the public key of a gateway.
func gatewayKey(n int) []byte { return public(authority(fmt.Sprintf("gateway %d", n))) }

// gateways makes the cases of kinds 9 and 10.
func (k *collection) gateways() {
	known := func(n int, cutoff ...int64) Gateway {
		g := Gateway{ID: uint16(n), Public: hex.EncodeToString(gatewayKey(n))}
		if len(cutoff) > 0 {
			g.Cutoff = &cutoff[0]
		}
		return g
	}
	announced := announceGateway(7, gatewayKey(7))
	k.single("gateway", "keys of the first and the last gateway id", b(1, announceGateway(0, gatewayKey(0)), announceGateway(65535, gatewayKey(65535))), "applied").
		Gateways = []Gateway{known(0), known(65535)}
	k.single("gateway-again", "an id keeps the key it was first bound to", b(1, announced, announceGateway(7, gatewayKey(8)), announced), "applied").
		Gateways = []Gateway{known(7)}
	weak := make([]byte, 32)
	k.single("gateway-weak", "a key of small order is refused, and its id remains free",
		b(1, announceGateway(7, weak), announceGateway(8, gatewayKey(8)), announced), "applied").Gateways = []Gateway{known(7), known(8)}
	k.single("gateway-withdraw", "a gateway is withdrawn", b(1, announced, withdrawGateway(7, start)), "applied").Gateways = []Gateway{known(7, start)}
	k.single("gateway-withdraw-earlier", "a gateway's cutoff moves to an earlier time only",
		b(1, announced, withdrawGateway(7, start), withdrawGateway(7, start+60), withdrawGateway(7, start-60), withdrawGateway(7, start)), "applied").
		Gateways = []Gateway{known(7, start-60)}
	k.single("gateway-withdraw-zero", "a cutoff of 0 is a cutoff", b(1, announced, withdrawGateway(7, 0)), "applied").Gateways = []Gateway{known(7, 0)}
	k.single("gateway-withdraw-last-second", "a cutoff of 2^32 - 1 is a cutoff, too", b(1, announced, withdrawGateway(7, 1<<32-1)), "applied").
		Gateways = []Gateway{known(7, 1<<32-1)}
	k.single("gateway-withdraw-unknown", "a gateway that was never announced; a later announcement is not affected",
		b(1, withdrawGateway(7, start), announced), "applied").Gateways = []Gateway{known(7)}
	k.single("gateway-is-no-issuer", "gateways and issuer keys have ids of their own", b(1, announced, announce(7, issuer(7)), withdrawGateway(7, start)), "applied").
		with(func(e *Expect) { e.Gateways, e.Keys = []Gateway{known(7, start)}, []Key{key(7)} })
}

// forgiven makes the cases of kind 11.
func (k *collection) forgiven() {
	k.single("forgive", "a serial is forgiven, and no other", b(1, forgive(42, at)), "applied").with(func(e *Expect) {
		e.Forgiven, e.NotForgiven = []Forgiven{{name(42), at}}, []string{name(41), name(43), name(298), "20493-42", "20495-42"}
	})
	k.single("forgive-later", "of several times the latest counts", b(1, forgive(42, at), forgive(42, at-5), forgive(42, at+5), forgive(42, at)), "applied").
		Forgiven = []Forgiven{{name(42), at + 5}}
	k.single("forgive-revoked", "to forgive a serial does not unrevoke it", b(1, revoke(42), forgive(42, at)), "applied").with(func(e *Expect) {
		e.Forgiven, e.Revoked = []Forgiven{{name(42), at}}, []string{name(42)}
	})
	days := func(n int) []byte { return record(11, ms(at), u16(day+n), u32(9)) }
	k.single("forgive-days", "days that credentials can have, and the first that none can", b(1, days(-3), days(-2), days(0), days(1), days(2)), "applied").
		with(func(e *Expect) {
			e.Forgiven = []Forgiven{{"20492-9", at}, {"20494-9", at}, {"20495-9", at}}
			e.NotForgiven = []string{"20491-9", "20496-9"}
		})
	s := k.newCase("forgive-repeated-in-new-epoch", "republishing changes nothing").batch(b(1, forgive(42, at), forgive(42, at-5)), at, "applied").
		batch(b(1, forgive(42, at-5)).with(func(x *batch) { x.epoch, x.issued, x.through = 2, at+1000, at+1000 }), at+1000, "applied")
	s.Expect.Forgiven, s.Expect.WatermarkMS = []Forgiven{{name(42), at}}, at+1000
}

// amnesties makes the cases of kind 12.
func (k *collection) amnesties() {
	south, north := station("北京南"), station("济南西")
	declared := func(station []byte, from, until int64, scopes ...string) Amnesty {
		return Amnesty{scopes, hex.EncodeToString(station), from, until}
	}
	query := func(station []byte, scope string, at int64, covered bool) AmnestyQuery {
		return AmnestyQuery{hex.EncodeToString(station), scope, at, covered}
	}
	k.single("amnesty", "scopes at a station, from the first second until before the last", b(1, amnesty(entry|exit, south, start, start+60)), "applied").
		with(func(e *Expect) {
			e.Amnesties = []Amnesty{declared(south, start, start+60, "entry", "exit")}
			e.AmnestyQueries = []AmnestyQuery{query(south, "entry", start, true), query(south, "exit", start+59, true), query(south, "entry", start-1, false),
				query(south, "entry", start+60, false), query(south, "onboard", start, false), query(north, "entry", start, false), query(everywhere, "entry", start, false)}
		})
	k.single("amnesty-everywhere", "the station of zeros is every station", b(1, amnesty(exit, everywhere, start, start+60)), "applied").with(func(e *Expect) {
		e.Amnesties = []Amnesty{declared(everywhere, start, start+60, "exit")}
		e.AmnestyQueries = []AmnestyQuery{query(south, "exit", start, true), query(everywhere, "exit", start, true), query(north, "entry", start, false)}
	})
	k.single("amnesty-twice", "the same amnesty twice is one, and another one is another",
		b(1, amnesty(entry, south, start, start+60), amnesty(entry, south, start, start+60), amnesty(entry, south, start, start+61)), "applied").
		Amnesties = []Amnesty{declared(south, start, start+60, "entry"), declared(south, start, start+61, "entry")}
	longest := int64(48 * 3600)
	k.single("amnesty-longest", "48 h", b(1, amnesty(entry, south, start, start+longest)), "applied").
		Amnesties = []Amnesty{declared(south, start, start+longest, "entry")}
	for _, c := range []struct {
		name, about string
		scopes      byte
		from, until int64
	}{
		{"too-long", "longer than 48 h", entry, start, start + longest + 1}, {"empty", "ends when it begins", entry, start, start},
		{"backwards", "ends before it begins", entry, start, start - 1}, {"no-scopes", "without scopes", 0, start, start + 60},
		{"unknown-scope", "with the reserved bit of the scopes", entry | 1<<7, start, start + 60},
	} {
		k.single("amnesty-"+c.name, c.about+": ignored", b(1, amnesty(c.scopes, south, c.from, c.until)), "applied").
			AmnestyQueries = []AmnestyQuery{query(south, "entry", start, false)}
	}
	over := int64(start - 24*3600)
	k.single("amnesty-over", "scans of its time can no longer be reported, and the first of which one can",
		b(1, amnesty(entry, south, over-60, over), amnesty(entry, south, over-60, over+1)), "applied").with(func(e *Expect) {
		e.Amnesties = []Amnesty{declared(south, over-60, over+1, "entry")}
	})
	k.endedAmnesties(south)
}

// endedAmnesties makes the cases of kind 14.
func (k *collection) endedAmnesties(south []byte) {
	declared, end := amnesty(entry, south, start, start+60), endAmnesty(entry, south, start, start+60, start+20)
	hour := amnesty(entry, south, start, start+3600)
	hex := hex.EncodeToString(south)
	from := func(until int64) Amnesty { return Amnesty{[]string{"entry"}, hex, start, until} }
	covered := func(e *Expect, until int64) {
		e.AmnestyQueries = []AmnestyQuery{{hex, "entry", start, until > start}, {hex, "entry", until - 1, until > start}, {hex, "entry", until, false}}
		if until > start {
			e.Amnesties = []Amnesty{from(until)}
		}
	}
	for _, c := range []struct {
		name, about string
		until       int64
		records     [][]byte
	}{
		{"", "an amnesty ends early", start + 20, [][]byte{declared, end}},
		{"-first", "its end is read before its declaration", start + 20, [][]byte{end, declared}},
		{"-alone", "its end says all that its declaration says", start + 20, [][]byte{end}},
		{"-again", "declared again with the same times, it stays ended", start + 20, [][]byte{declared, end, declared}},
		{"-earliest", "of several ends the earliest counts", start + 20,
			[][]byte{endAmnesty(entry, south, start, start+60, start+30), end, endAmnesty(entry, south, start, start+60, start+40)}},
		{"-before-it-begins", "ended when it begins, it never applies", start, [][]byte{declared, endAmnesty(entry, south, start, start+60, start)}},
		{"-as-declared", "an end at the declared one changes nothing", start + 60, [][]byte{declared, endAmnesty(entry, south, start, start+60, start+60)}},
		{"-backwards", "an end before the beginning: ignored", start + 60, [][]byte{declared, endAmnesty(entry, south, start, start+60, start-1)}},
		{"-later", "an end after the declared one: ignored", start + 60, [][]byte{declared, endAmnesty(entry, south, start, start+60, start+61)}},
		{"-no-scopes", "without scopes: ignored", start + 60, [][]byte{declared, endAmnesty(0, south, start, start+60, start+20)}},
	} {
		covered(k.single("amnesty-end"+c.name, c.about, b(1, c.records...), "applied"), c.until)
	}
	k.single("amnesty-end-another", "of two amnesties that overlap one ends early, the other one covers the rest", b(1, declared, hour, end), "applied").
		Amnesties = []Amnesty{from(start + 20), from(start + 3600)}
	k.single("amnesty-end-alike", "two amnesties that end at one time are listed once",
		b(1, end, endAmnesty(entry, south, start, start+3600, start+20)), "applied").Amnesties = []Amnesty{from(start + 20)}
	s := k.newCase("amnesty-end-in-new-epoch", "republished without its end, it stays ended").batch(b(1, declared, end), at, "applied").
		batch(b(1, declared).with(func(x *batch) { x.epoch, x.issued, x.through = 2, at+1000, at+1000 }), at+1000, "applied")
	covered(&s.Expect, start+20)
	s.Expect.WatermarkMS = at + 1000
}
