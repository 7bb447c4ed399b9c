package passage

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// network is gateways that tell each other about passages by signed batches. Every batch ever sent can be read at
// any time, in any order, and any number of times; a gateway that is cut off reads none.
type network struct {
	window int64
	now    int64
	nodes  []*node
	log    [][]byte
}

// node is one gateway.
type node struct {
	id        revocation.GatewayID
	clock     int64 // how far its clock is ahead, ms
	table     *Table
	plain     *plainTable
	conflicts *Conflicts
	ledger    *Ledger
	waiting   []Passage
	sequence  uint64
	admitted  []Passage // by Attempt
}

// announced says that every gateway is announced.
type announced struct{}

func (announced) Gateway(id revocation.GatewayID) (revocation.GatewayKey, bool) {
	_, r := revocationtest.Gateway(id)
	return revocation.GatewayKey{Public: r.Public, Cutoff: tokens.Never}, true
}

func newNetwork(t *rapid.T) *network {
	n := &network{now: start, window: rapid.SampledFrom([]int64{CodeLife, 600_000, MaxWindow}).Draw(t, "window")}
	for i := range rapid.IntRange(1, 4).Draw(t, "gateways") {
		table, err := NewTable(200, time.Duration(n.window)*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		conflicts, err := NewConflicts(ConflictsConfig{Window: time.Duration(n.window) * time.Millisecond, Passages: 1000})
		if err != nil {
			t.Fatal(err)
		}
		table.Turn(n.now)
		n.nodes = append(n.nodes, &node{id: revocation.GatewayID(i + 1), clock: rapid.Int64Range(-300, 300).Draw(t, "clock"),
			table: table, plain: newPlainTable(n.window), conflicts: conflicts, ledger: NewLedger()})
	}
	return n
}

var stations, devices = []string{"北京南", "上海虹桥"}, []string{"gate-1", "gate-2"}

func (n *network) passage(t *rapid.T, g *node, at int64) Passage {
	return Passage{Serial: serialOf(rapid.IntRange(0, 2).Draw(t, "serial")), Start: start / 1000,
		Step: uint8(rapid.IntRange(0, 1).Draw(t, "step")), Way: Way(rapid.IntRange(0, 1).Draw(t, "way")), At: at, ErrorMS: 300,
		Station: rapid.SampledFrom(stations).Draw(t, "station"), Device: rapid.SampledFrom(devices).Draw(t, "device"), Gateway: g.id}
}

func (n *network) node(t *rapid.T) *node {
	return n.nodes[rapid.IntRange(0, len(n.nodes)-1).Draw(t, "node")]
}

// scan lets a device of a gateway read a code.
func (n *network) scan(t *rapid.T, g *node) {
	p := n.passage(t, g, n.now+g.clock)
	a := Attempt{Serial: p.Serial, Step: p.Step, Way: p.Way, At: p.At, Place: PlaceOf(p.Station, p.Device), Window: n.window}
	got, want := g.table.Attempt(&a, nil), g.plain.Attempt(&a, nil)
	if got != want {
		t.Fatalf("gateway %d: %+v: %+v, want %+v", g.id, p, got, want)
	}
	if got.Outcome == Admitted {
		g.waiting, g.admitted = append(g.waiting, p), append(g.admitted, p)
	}
}

// send signs the waiting passages of a gateway.
func (n *network) send(t *rapid.T, g *node) {
	if len(g.waiting) == 0 {
		return
	}
	g.sequence++
	b := Batch{Gateway: g.id, Session: start, Sequence: g.sequence, Issued: n.now + g.clock, Passages: g.waiting}
	private, _ := revocationtest.Gateway(g.id)
	raw, err := b.Seal(private)
	if err != nil {
		t.Fatal(err)
	}
	n.log, g.waiting = append(n.log, raw), nil
}

// read gives a gateway one message of the log.
func (n *network) read(t *rapid.T, g *node, message int) {
	b, err := Open(n.log[message], announced{}, n.now+g.clock)
	if err != nil {
		t.Fatal(err)
	}
	if !g.ledger.Add(b) {
		return
	}
	for i := range b.Passages {
		p := &b.Passages[i]
		g.table.Merge(p)
		g.plain.Merge(p)
		g.conflicts.Add(p)
	}
}

// Whatever is scanned, lost, repeated, reordered and uploaded: no table admits two passages that exclude each other,
// and once all is delivered, all gateways have the same conflicts, which are those of the set of passages.
func TestConflictsAgreeEverywhere(t *testing.T) {
	conflicts, runs := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		n := newNetwork(t)
		t.Repeat(map[string]func(*rapid.T){
			"scan": func(t *rapid.T) { n.scan(t, n.node(t)) },
			"wait": func(t *rapid.T) {
				n.now += rapid.SampledFrom([]int64{700, 3_000, 11_000, 126_000, n.window + slack}).Draw(t, "ms")
				for _, g := range n.nodes {
					g.table.Turn(n.now + g.clock)
				}
			},
			"send": func(t *rapid.T) { n.send(t, n.node(t)) },
			"read": func(t *rapid.T) {
				if len(n.log) > 0 {
					n.read(t, n.node(t), rapid.IntRange(0, len(n.log)-1).Draw(t, "message"))
				}
			},
			// A handheld reports an offline scan, perhaps twice, at two gateways, with a time that it changed.
			"upload": func(t *rapid.T) {
				p := n.passage(t, n.node(t), n.now-rapid.Int64Range(1000, 60_000).Draw(t, "age"))
				p.Upload = rapid.Uint64Range(1, 3).Draw(t, "upload")
				p.Device = "handheld"
				for range rapid.IntRange(1, 2).Draw(t, "reports") {
					g := n.node(t)
					p.Gateway = g.id
					p.At -= rapid.Int64Range(0, 500).Draw(t, "lie")
					g.waiting = append(g.waiting, p)
				}
			},
		})
		for _, g := range n.nodes {
			n.send(t, g)
			if all := Find(g.admitted, CodeLife*time.Millisecond); len(all) != 0 {
				t.Fatalf("gateway %d admitted a code twice: %+v", g.id, all)
			}
		}
		var want []Conflict
		for i, g := range n.nodes {
			order := make([]int, 2*len(n.log))
			for j := range order {
				order[j] = j / 2
			}
			for _, message := range rapid.Permutation(order).Draw(t, "order") {
				n.read(t, g, message)
			}
			got := g.conflicts.List()
			if i == 0 {
				want = Find(n.everything(t), time.Duration(n.window)*time.Millisecond)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("gateway %d has %+v, want %+v", g.id, got, want)
			}
		}
		conflicts += len(want)
		runs++
	})
	if conflicts < runs/4 {
		t.Errorf("%d conflicts in %d runs: the scans are too far apart", conflicts, runs)
	}
}

// everything returns all passages of the log.
func (n *network) everything(t *rapid.T) (all []Passage) {
	for _, raw := range n.log {
		b, err := Open(raw, announced{}, n.now+300)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b.Passages...)
	}
	return all
}

// Connected gateways, each of which reads every passage before the next scan, admit no code twice.
func TestConnectedTablesAdmitOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := newNetwork(t)
		for _, g := range n.nodes {
			g.clock = 0
		}
		t.Repeat(map[string]func(*rapid.T){
			"scan": func(t *rapid.T) {
				g := n.node(t)
				n.scan(t, g)
				n.send(t, g)
				for _, g := range n.nodes {
					for message := range n.log {
						n.read(t, g, message)
					}
				}
			},
			"wait": func(t *rapid.T) {
				n.now += rapid.SampledFrom([]int64{700, 11_000, 126_000, n.window + slack}).Draw(t, "ms")
				for _, g := range n.nodes {
					g.table.Turn(n.now)
				}
			},
		})
		for _, g := range n.nodes {
			if all := g.conflicts.List(); len(all) != 0 {
				t.Fatalf("%+v", all)
			}
		}
	})
}
