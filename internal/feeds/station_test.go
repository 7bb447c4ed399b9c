package feeds

import (
	"fmt"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

const minute, startMS = 60_000, 1770681600_000

// A gateway that has read bookings of other stations only, for an hour, reports it once.
func TestMissingStationIsReportedOnce(t *testing.T) {
	elsewhere, own := booking.Stats{Elsewhere: 9}, booking.Stats{Elsewhere: 9, Applied: 1, Home: 1}
	for name, c := range map[string]struct {
		at   func(m int64) (booking.Stats, revocation.State)
		want []int64 // minutes
	}{
		"none of its own":          {func(int64) (booking.Stats, revocation.State) { return elsewhere, revocation.Fresh }, []int64{60}},
		"all stations are kept":    {func(int64) (booking.Stats, revocation.State) { return booking.Stats{Applied: 9}, revocation.Fresh }, []int64{60}},
		"its own":                  {func(int64) (booking.Stats, revocation.State) { return own, revocation.Fresh }, nil},
		"no bookings at all":       {func(int64) (booking.Stats, revocation.State) { return booking.Stats{}, revocation.Fresh }, nil},
		"the log was not read yet": {func(int64) (booking.Stats, revocation.State) { return elsewhere, revocation.Booting }, nil},
		"its own after 59 minutes": {func(m int64) (booking.Stats, revocation.State) {
			if m >= 59 {
				return own, revocation.Fresh
			}
			return elsewhere, revocation.Fresh
		}, nil},
		"suspect for a minute": {func(m int64) (booking.Stats, revocation.State) {
			if m == 30 {
				return elsewhere, revocation.Suspect
			}
			return elsewhere, revocation.Fresh
		}, []int64{91}},
	} {
		var w stationWatch
		var got []int64
		for m := range int64(300) {
			if s, state := c.at(m); w.missing(&s, state, startMS+m*minute) {
				got = append(got, m)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: reported after %d minutes, want %d", name, got, c.want)
		}
	}
}

// The warning names the setting and the station. A gateway without a station warns never.
func TestMissingStationIsLogged(t *testing.T) {
	for _, c := range []struct {
		station  string
		warnings int
	}{{"北京楠", 1}, {"北京南", 0}, {"", 0}} {
		core, logs := observer.New(zap.WarnLevel)
		config := booking.Config{Home: revocation.StationOf(c.station)}
		table := booking.NewTable(config)
		feed := revocationtest.NewBookingsFeed(startMS, table)
		f := &Feeds{Bookings: table, Booked: feed.Replica, config: Config{Station: c.station, Log: zap.New(core)}}
		b := booking.Booking{Ticket: 1, Day: uint16(tokens.DayOf(startMS / 1000)), Subject: tokens.Subject{1}, From: revocation.StationOf("北京南"), To: revocation.StationOf("上海虹桥"),
			Departs: startMS/1000 + 3600, Arrives: startMS/1000 + 7200, Train: "G101", Coach: "05", Seat: "12F"}
		for m := range int64(120) {
			now := startMS + m*minute
			feed.Apply(now, revocation.Record{Kind: revocation.KindBooking, At: now, Body: string(b.Append(nil))})
			f.watchStation(now)
		}
		all := logs.All()
		if len(all) != c.warnings || len(all) == 1 && all[0].ContextMap()["station"] != c.station {
			t.Errorf("station %q: logged %+v", c.station, all)
		}
	}
}
