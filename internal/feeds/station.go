package feeds

import (
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
)

// missingFor is how long a gateway reads bookings of other stations and none of its own before it logs a warning. Our
// choice: a station without a ticket for days is unlikely, and when ticketing systems begin to report, stations appear
// within the hour.
const missingFor = time.Hour

// stationWatch notices that the name of the station is probably misspelled: it is hashed, so that every name is valid,
// and bookings under the right name are never found.
type stationWatch struct {
	since  int64 // since when bookings of other stations only are known, Unix ms; 0: not so
	warned bool
}

// missing reports, once, that fresh data has had no booking of the gateway's station for [missingFor].
func (w *stationWatch) missing(s *booking.Stats, state revocation.State, now int64) bool {
	switch {
	case state != revocation.Fresh || s.Home > 0 || s.Applied+s.Repeated+s.Elsewhere == 0:
		w.since = 0
	case w.since == 0:
		w.since = now
	case !w.warned && now-w.since >= missingFor.Milliseconds():
		w.warned = true
		return true
	}
	return false
}

// watchStation logs the warning.
func (f *Feeds) watchStation(now int64) {
	if f.config.Station == "" {
		return
	}
	if s := f.Bookings.Stats(); f.station.missing(&s, f.Booked.Freshness(now).State, now) {
		f.config.Log.Warn("bookings of other stations were read and none of this gateway's: compare the setting station with the name that the ticketing system reports",
			zap.String("station", f.config.Station), zap.Uint64("other_records", s.Applied+s.Repeated+s.Elsewhere))
	}
}
