package offline_test

import (
	"sync"
	"testing"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/gateway/offline"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// Devices fetch bundles while records and passages are applied: every bundle is genuine and complete.
func TestBundlesWhileTheDataChanges(t *testing.T) {
	s := newSystem(t, true)
	var devices sync.WaitGroup
	for d := range 4 {
		devices.Go(func() {
			for i := range int64(40) {
				since := int64(0)
				if i%2 == 1 {
					since = at + 1
				}
				raw, err := s.Bundle(&offline.Request{Policy: bundletest.Policy(), Train: bundletest.Train, SinceMS: since, Now: at + 300 + 20*i})
				if err != nil {
					t.Errorf("device %d: %v", d, err)
					return
				}
				if _, err := bundle.Open(raw.Bytes(), revocationtest.Pinned(), nil); err != nil {
					t.Errorf("device %d: %v", d, err)
				}
			}
		})
	}
	for i := range int64(200) {
		serial := tokens.Serial{Day: uint16(tokens.DayOf(at / 1000)), Index: uint32(100 + i)}
		s.Revoke(at+2+i, serial)
		s.passages.Merge(&passage.Passage{Serial: serial, At: at + i, Station: bundletest.Station, Device: "gate-1"})
	}
	devices.Wait()
}
