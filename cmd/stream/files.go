package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// showSnapshot prints a gateway's snapshot. The checksum is verified, and with the authority's key also the
// signatures under which keys of issuers and gateways were announced. The rest of a snapshot is not signed: it is what this gateway
// stored.
func showSnapshot(out io.Writer, path string, authority *revocation.Authority, serials bool) error {
	raw, err := readFile(path, revocation.MaxSnapshot)
	if err != nil {
		return err
	}
	s, err := revocation.DecodeSnapshot(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(out, "snapshot  created %s  topic %s  authority %x  %d bytes, sum correct\n", clock(s.CreatedMS), s.Topic, s.Authority, len(raw))
	for i, p := range s.Partitions {
		fmt.Fprintf(out, "partition %d  epoch %d  next number %d  next offset %d  issued %s  through %s\n",
			i, p.Epoch, p.Next, p.Position, clock(p.Issued), clock(p.Through))
	}
	if authority == nil {
		fmt.Fprintf(out, "%d signed batches about keys; -authority verifies and shows them\n", len(s.Proofs))
	} else if err := showKeys(out, s, authority); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for subject, before := range s.Subjects() {
		fmt.Fprintf(out, "subject %s  sessions before %s are refused\n", subject, clock(before*1000))
	}
	perDay := map[uint16]int{}
	for serial := range s.Revoked() {
		perDay[serial.Day]++
	}
	for day := range uint16(65535) {
		if n := perDay[day]; n > 0 {
			fmt.Fprintf(out, "day %d (%s)  %d revoked\n", day, clock(tokens.DayStart(int64(day))*1000), n)
		}
	}
	closed := 0
	for range s.Closed() {
		closed++
	}
	fmt.Fprintf(out, "%d closed sessions\n%d forgiven serials\n", closed, len(s.Forgiven()))
	for _, a := range s.Amnesties() {
		fmt.Fprintf(out, "amnesty  scopes %s  station %s  from %s  until %s\n", strings.Join(a.Scopes.Names(), ","), stationText(a.Station), clock(a.From*1000), clock(a.Until*1000))
	}
	if !s.Whole() {
		fmt.Fprintln(out, "written by a release that knew fewer kinds of record: a gateway reads the log from its start as well")
	}
	if serials {
		for c := range s.Closed() {
			fmt.Fprintf(out, "session %s  start %s  closed %s\n", c.Serial, clock(c.Start*1000), clock(c.Closed*1000))
		}
		for _, f := range s.Forgiven() {
			fmt.Fprintf(out, "forgiven %s  until %s\n", f.Serial, clock(f.Until))
		}
		for serial := range s.Revoked() {
			fmt.Fprintln(out, serial)
		}
	}
	return nil
}

func showKeys(out io.Writer, s *revocation.Snapshot, authority *revocation.Authority) error {
	keys, err := s.Keys(authority)
	if err != nil {
		return err
	}
	state := func(cutoff int64) string {
		if cutoff == tokens.Never {
			return "trusted"
		}
		return "cutoff " + clock(cutoff*1000)
	}
	for _, k := range keys {
		exempted := 0
		if set, ok := k.Exempted.(*revocation.Set); ok {
			exempted, _ = set.Len()
		}
		fmt.Fprintf(out, "key %d  %x  %s  %d exempted\n", k.ID, k.Public, state(k.Cutoff), exempted)
	}
	gateways, err := s.Gateways(authority)
	if err != nil {
		return err
	}
	for _, g := range gateways {
		fmt.Fprintf(out, "gateway %d  %x  %s\n", g.ID, g.Public, state(g.Cutoff))
	}
	return nil
}

// showHighWaterMark prints the newest positions that a gateway ever saw.
func showHighWaterMark(out io.Writer, path string) error {
	raw, err := readFile(path, 1<<20)
	if err != nil {
		return err
	}
	r, err := revocation.DecodeHighWaterMark(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(out, "high-water mark  topic %s  authority %x\n", r.Topic, r.Authority)
	for i, m := range r.Marks {
		fmt.Fprintf(out, "partition %d  epoch %d  next number %d\n", i, m.Epoch, m.Next)
	}
	return nil
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}
