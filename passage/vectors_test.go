package passage_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

var update = flag.Bool("update", false, "write the test vectors into testdata")

// batchVector is a message and its result.
type batchVector struct {
	Name   string      `json:"name"`
	NowMS  int64       `json:"now_ms"` // the reader's clock
	Key    vectorKey   `json:"key"`    // the only gateway that the authority announced
	Raw    string      `json:"raw"`
	Expect string      `json:"expect"` // ok or the refusal
	Batch  *batchLine  `json:"batch,omitempty"`
	Uses   []vectorUse `json:"passages,omitempty"` // of batches of few
}

type vectorKey struct {
	Gateway uint16 `json:"gateway"`
	Public  string `json:"public"`
	Cutoff  int64  `json:"cutoff,omitempty"` // Unix seconds; 0: not withdrawn
}

type batchLine struct {
	Gateway   uint16 `json:"gateway"`
	Partition uint16 `json:"partition"`
	Session   int64  `json:"session_ms"`
	Sequence  string `json:"sequence"` // 16 hexadecimal digits
	Issued    int64  `json:"issued_ms"`
	Count     int    `json:"count"`
}

// vectorUse is a passage.
type vectorUse struct {
	Day     uint16 `json:"day"`
	Index   uint32 `json:"index"`
	Start   int64  `json:"start"`
	Step    uint8  `json:"step"`
	Way     string `json:"way"`
	State   string `json:"state"`
	At      int64  `json:"at_ms"`
	ErrorMS uint16 `json:"error_ms"`
	Station string `json:"station"`
	Device  string `json:"device"`
	Upload  string `json:"upload,omitempty"` // 16 hexadecimal digits
	Gateway uint16 `json:"gateway"`
}

var stateNames = []string{"passed", "held", "released"}

func useOf(p *passage.Passage) vectorUse {
	u := vectorUse{p.Serial.Day, p.Serial.Index, p.Start, p.Step, p.Way.String(), stateNames[p.State], p.At, p.ErrorMS, p.Station, p.Device, "", uint16(p.Gateway)}
	if p.Upload != 0 {
		u.Upload = fmt.Sprintf("%016x", p.Upload)
	}
	return u
}

// line and uses are the fields of a genuine message, from its parts.
func (p *parts) line() *batchLine {
	return &batchLine{p.gateway, p.partition, int64(p.session), fmt.Sprintf("%016x", p.sequence), int64(p.issued), int(p.count)}
}

func (p *parts) vectorUses() (all []vectorUse) {
	for _, u := range p.uses[:listed(len(p.uses))] {
		place := u.place &^ uploaded16
		v := vectorUse{Day: u.day, Index: u.index, Start: int64(u.start), Step: u.flags & 31, Way: []string{"entry", "exit"}[u.flags>>7],
			State: stateNames[u.flags>>5&3], At: int64(p.issued) - int64(u.age), ErrorMS: u.errorMS,
			Station: p.names[2*place], Device: p.names[2*place+1], Gateway: p.gateway}
		if place != u.place {
			v.Upload = fmt.Sprintf("%016x", u.upload)
		}
		all = append(all, v)
	}
	return all
}

// listed returns how many passages of a batch of n are listed in its vector.
func listed(n int) int {
	if n > 10 {
		return 0
	}
	return n
}

func batchVectors() (all []batchVector) {
	_, announced := revocationtest.Gateway(7)
	add := func(name string, raw []byte, expect string, edit func(*batchVector)) {
		v := batchVector{Name: name, NowMS: now, Key: vectorKey{7, hex.EncodeToString(announced.Public[:]), 0}, Raw: hex.EncodeToString(raw), Expect: expect}
		if edit != nil {
			edit(&v)
		}
		all = append(all, v)
	}
	accepted := func(p *parts) func(v *batchVector) {
		return func(v *batchVector) { v.Batch, v.Uses = p.line(), p.vectorUses() }
	}
	good := func(name string, p *parts) { add(name, p.message(), "ok", accepted(p)) }
	form := func(name string, p *parts) { add(name, p.message(), "form", nil) }

	good("three passages of two devices, one an upload", plain())
	good("one passage", one(func(*parts, *use) {}))
	for _, c := range []struct {
		name string
		edit func(p *parts, u *use)
	}{
		{"all fields 0 that may be", func(p *parts, u *use) { *u, p.partition, p.session, p.names[0] = use{age: 0}, 0, 0, "" }},
		{"all fields at their greatest", func(p *parts, u *use) {
			p.partition, p.sequence, p.session = 0xffff, 1<<64-1, 1<<63-1
			*u = use{0xffff, 1<<32 - 1, 1<<32 - 1, 1<<7 | 2<<5 | 29, 1<<31 - 1, 0xffff, uploaded16, 1<<64 - 1}
			p.names = []string{strings.Repeat("𠀀", 16), strings.Repeat("d", 64)}
		}},
		{"held", func(_ *parts, u *use) { u.flags = 1<<5 | 3 }},
		{"released", func(_ *parts, u *use) { u.flags = 2<<5 | 3 }},
		{"exit", func(_ *parts, u *use) { u.flags = 1<<7 | 3 }},
		{"scanned 5 s after the batch", func(_ *parts, u *use) { u.age = -5000 }},
		{"scanned in 1970", func(p *parts, u *use) { p.issued, u.age = 1000, 1000 }},
	} {
		good(c.name, one(c.edit))
	}
	good("1,024 passages", equal(1024))

	for _, c := range []struct {
		name string
		edit func(p *parts, u *use)
	}{
		{"magic of the control stream", func(p *parts, _ *use) { p.magic = "RGC1" }},
		{"session before 1970", func(p *parts, _ *use) { p.session = 1 << 63 }},
		{"issued before 1970", func(p *parts, _ *use) { p.issued = 1 << 63 }},
		{"sequence 0", func(p *parts, _ *use) { p.sequence = 0 }},
		{"no passage", func(p *parts, _ *use) { p.places, p.count, p.names, p.uses = 0, 0, nil, nil }},
		{"count above the records", func(p *parts, _ *use) { p.count = 2 }},
		{"no place", func(p *parts, _ *use) { p.places, p.names = 0, nil }},
		{"more places than passages", func(p *parts, _ *use) { p.places = 2; p.names = append(p.names, "北京南", "gate-8") }},
		{"station of 65 bytes", func(p *parts, _ *use) { p.names[0] = strings.Repeat("s", 65) }},
		{"device of 65 bytes", func(p *parts, _ *use) { p.names[1] = strings.Repeat("d", 65) }},
		{"no device", func(p *parts, _ *use) { p.names[1] = "" }},
		{"station is not UTF-8", func(p *parts, _ *use) { p.names[0] = "\xff" }},
		{"overlong UTF-8", func(p *parts, _ *use) { p.names[0] = "\xc0\xaf" }},
		{"control character", func(p *parts, _ *use) { p.names[1] = "gate\n7" }},
		{"control character U+0085", func(p *parts, _ *use) { p.names[1] = "gate\u00857" }},
		{"state 3", func(_ *parts, u *use) { u.flags |= 3 << 5 }},
		{"step 30", func(_ *parts, u *use) { u.flags = 30 }},
		{"scanned 5.001 s after the batch", func(_ *parts, u *use) { u.age = -5001 }},
		{"scanned before 1970", func(p *parts, u *use) { p.issued, u.age = 1000, 1001 }},
		{"place 1 of 1", func(_ *parts, u *use) { u.place = 1 }},
		{"upload number 0", func(_ *parts, u *use) { u.place = uploaded16 }},
		{"a byte after the records", func(p *parts, _ *use) { p.rest = []byte{0} }},
		{"a record that the count leaves out", func(p *parts, u *use) { p.rest = make([]byte, 19) }},
	} {
		form(c.name, one(c.edit))
	}
	flagged := one(func(*parts, *use) {}).signed()
	flagged[len(flagged)-2] |= uploaded16 >> 8
	add("upload flag without a number", append(flagged, signatureOf(flagged)...), "form", nil)
	form("1,025 passages", equal(1025))
	form("entry of the dictionary that no passage uses", edited(func(p *parts) { p.uses[1].place = uploaded16 }))
	form("repeated entry of the dictionary", edited(func(p *parts) { p.names[3] = p.names[1] }))
	form("places not in order of first use", edited(func(p *parts) { p.uses[0].place, p.uses[1].place = 1, uploaded16 }))
	raw := plain().message()
	for _, n := range []int{0, 3, 69, 70, 99, 100, 150, len(raw) - 65} {
		add(fmt.Sprintf("cut to %d bytes", n), raw[:n], "form", nil)
	}

	forged := bytes.Clone(raw)
	forged[len(forged)-1] ^= 1
	other := plain()
	other.gateway = 8
	newer := plain()
	newer.magic = "RGP2"
	newerForged := newer.message()
	newerForged[50] ^= 1
	short := &parts{magic: "RGP2", gateway: 7}
	add("changed signature", forged, "signature", nil)
	add("changed name", bytes.Replace(raw, []byte("gate-7"), []byte("gate-8"), 1), "signature", nil)
	add("cut by one byte", raw[:len(raw)-1], "form", nil)
	add("gateway that was not announced", other.message(), "foreign", nil)
	add("newer version", newer.message(), "newer_version", nil)
	add("newer version, forged", newerForged, "signature", nil)
	add("newer version of six bytes", append(short.signed()[:6:6], signatureOf(short.signed()[:6])...), "newer_version", nil)
	withdrawn := func(cutoff int64) func(*batchVector) { return func(v *batchVector) { v.Key.Cutoff = cutoff } }
	add("issued in the second of the cutoff", raw, "withdrawn", withdrawn(now/1000))
	add("issued a second before the cutoff", raw, "ok", func(v *batchVector) { withdrawn(now/1000 + 1)(v); accepted(plain())(v) })
	add("issued 5.001 s ahead", raw, "future", func(v *batchVector) { v.NowMS -= 5001 })
	add("issued 5 s ahead", raw, "ok", func(v *batchVector) { v.NowMS -= 5000; accepted(plain())(v) })
	return all
}

// edited returns the message of three passages after an edit.
func edited(edit func(p *parts)) *parts {
	p := plain()
	edit(p)
	return p
}

// equal returns a message of n equal passages.
func equal(n int) *parts {
	return one(func(p *parts, u *use) {
		p.count = uint16(n)
		for len(p.uses) < n {
			p.uses = append(p.uses, *u)
		}
	})
}

// readVectors reads a file of vectors after it has compared it with the vectors that this code would write.
func readVectors[T any](t testing.TB, name string, written []T) (all []T) {
	t.Helper()
	path := "testdata/" + name + ".json"
	var file bytes.Buffer
	e := json.NewEncoder(&file)
	e.SetEscapeHTML(false)
	for i, v := range written {
		file.WriteString([]string{",", "["}[btoi(i == 0)])
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	file.WriteString("]\n")
	if *update {
		if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(raw, file.Bytes()) {
		t.Errorf("%s is not as this code would write it: run go test ./passage -run Vectors -update if the change is intended", path)
	}
	if err := json.Unmarshal(raw, &all); err != nil || len(all) < 20 {
		t.Fatalf("%s: %d vectors, %v", path, len(all), err)
	}
	return all
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// gatewayKey returns the key as a replica has it.
func (k vectorKey) gatewayKey(t testing.TB) (key revocation.GatewayKey) {
	t.Helper()
	public, err := hex.DecodeString(k.Public)
	if err != nil || len(public) != len(key.Public) {
		t.Fatalf("not a key: %s", k.Public)
	}
	key = revocation.GatewayKey{Public: [32]byte(public), Cutoff: k.Cutoff}
	if k.Cutoff == 0 {
		key.Cutoff = tokens.Never
	}
	return key
}

// announced is the key of one gateway.
type announced struct {
	id  revocation.GatewayID
	key revocation.GatewayKey
}

func (a announced) Gateway(id revocation.GatewayID) (revocation.GatewayKey, bool) {
	return a.key, id == a.id
}

// Every vector has its result, and a message that is opened is sealed again as the same bytes.
func TestBatchVectors(t *testing.T) {
	seen := map[string]int{}
	for _, v := range readVectors(t, "batches", batchVectors()) {
		raw, err := hex.DecodeString(v.Raw)
		if err != nil {
			t.Fatal(err)
		}
		seen[v.Expect]++
		keys := announced{revocation.GatewayID(v.Key.Gateway), v.Key.gatewayKey(t)}
		for way, open := range map[string]func() (*passage.Batch, error){
			"Open":     func() (*passage.Batch, error) { return passage.Open(raw, keys, v.NowMS) },
			"OpenWith": func() (*passage.Batch, error) { return passage.OpenWith(raw, keys, v.NowMS, verifyByTable) },
		} {
			b, err := open()
			got := "ok"
			if refusal, ok := err.(passage.Refusal); ok {
				got = refusal.String()
			}
			if got != v.Expect {
				t.Errorf("%s, %s: %v, want %s", v.Name, way, err, v.Expect)
			}
			if err != nil || v.Batch == nil {
				continue
			}
			line := batchLine{uint16(b.Gateway), b.Partition, b.Session, fmt.Sprintf("%016x", b.Sequence), b.Issued, len(b.Passages)}
			if line != *v.Batch || len(v.Uses) != listed(line.Count) {
				t.Errorf("%s, %s: %+v", v.Name, way, line)
				continue
			}
			for i, want := range v.Uses {
				if u := useOf(&b.Passages[i]); u != want {
					t.Errorf("%s, %s: passage %d: %+v, want %+v", v.Name, way, i, u, want)
				}
			}
			if again := seal(t, b); !bytes.Equal(again, raw) {
				t.Errorf("%s, %s: sealed again as %x", v.Name, way, again)
			}
		}
	}
	for _, class := range append([]string{"ok"}, refusalNames()...) {
		if seen[class] == 0 {
			t.Errorf("no vector has the result %s", class)
		}
	}
}

func refusalNames() (names []string) {
	for _, r := range passage.Refusals() {
		names = append(names, r.String())
	}
	return names
}
