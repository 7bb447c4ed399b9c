package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
)

var (
	descPassback = prometheus.NewDesc("railgate_passback_total",
		"Good codes at devices with a policy on second use, by knowledge of other gateways' passages and by result.", []string{"state", "result"}, nil)
	descReach = prometheus.NewDesc("railgate_passback_reach",
		"1 for the current knowledge of other gateways' passages, 0 for the others.", []string{"state"}, nil)
	descReports = prometheus.NewDesc("railgate_barrier_reports_total",
		"Reports of barriers, by what they did to a hold.", []string{"result"}, nil)
	descReceipts = prometheus.NewDesc("railgate_receipts_total", "Signed verdicts.", nil, nil)
	descTickets  = prometheus.NewDesc("railgate_tickets_total",
		"Good codes at devices with a policy on tickets, by state of the holder's ticket.", []string{"state"}, nil)

	descPassages     = prometheus.NewDesc("railgate_passages", "Passages in the table, both directions counted.", nil, nil)
	descPassagesMost = prometheus.NewDesc("railgate_passages_limit", "Passages for which the table is sized; it has room for some more.", nil, nil)
	descPassageBytes = prometheus.NewDesc("railgate_passages_bytes", "Memory of the table of passages, bytes.", nil, nil)
	descPassagesLost = prometheus.NewDesc("railgate_passages_lost_total",
		"Passages for which the table had no room: verdicts have state full until a window later.", nil, nil)
	descUntimely = prometheus.NewDesc("railgate_passages_untimely_total",
		"Passages of other gateways or of uploads that were older than the window or far ahead, and not stored.", nil, nil)

	descBookings     = prometheus.NewDesc("railgate_bookings", "Tickets in memory; one counts once for each of its pseudonyms.", nil, nil)
	descBookingBytes = prometheus.NewDesc("railgate_bookings_bytes", "Memory of the bookings, bytes.", nil, nil)
	descBookingLost  = prometheus.NewDesc("railgate_bookings_lost_days",
		"Railway days that lost a booking, because it had no room or could not be read: for them no answer says that there is no ticket.", nil, nil)
	descBookingState = prometheus.NewDesc("railgate_bookings_state", "1 for the current state of the booking data, 0 for the others.", []string{"state"}, nil)
	descBookingAge   = prometheus.NewDesc("railgate_bookings_age_seconds",
		"Seconds since the watermark of the bookings (issuer clock to gateway clock). -1 while booting.", nil, nil)
	descBookingHome = prometheus.NewDesc("railgate_booking_records_at_station_total",
		"Records of the booking stream that are from or to this gateway's station, those of days that are over excluded; missing without a station.", nil, nil)
	descBookingRecords = prometheus.NewDesc("railgate_booking_records_total", "Records of the booking stream, by outcome.", []string{"outcome"}, nil)
	descBookingBatches = prometheus.NewDesc("railgate_booking_batches_total", "Messages of the booking stream, by outcome.", []string{"outcome"}, nil)
)

// collectPassages exports the state of second use; nothing if no device checks it.
func (g *Gateway) collectPassages(out chan<- prometheus.Metric) {
	t := g.Passages.Table
	if t == nil {
		return
	}
	send := sender(out)
	for s := range g.meter.passbacks {
		for r := range g.meter.passbacks[s] {
			send(descPassback, prometheus.CounterValue, float64(g.meter.passbacks[s][r].Load()), passbackState(s).String(), passbackResult(r).String())
		}
	}
	now := g.reach(g.Now(timeNow()).UnixMilli())
	for s := range passbackStates {
		send(descReach, prometheus.GaugeValue, is(s == now), s.String())
	}
	for r := range g.meter.reports {
		send(descReports, prometheus.CounterValue, float64(g.meter.reports[r].Load()), reported(r).String())
	}
	stats := t.Stats()
	send(descPassages, prometheus.GaugeValue, float64(stats.Entries))
	send(descPassagesMost, prometheus.GaugeValue, float64(stats.Capacity))
	send(descPassageBytes, prometheus.GaugeValue, float64(stats.Bytes))
	send(descPassagesLost, prometheus.CounterValue, float64(stats.Lost))
	send(descUntimely, prometheus.CounterValue, float64(stats.Untimely))
}

// collectBookings exports the state of the bookings; nothing if no device asks for tickets.
func (g *Gateway) collectBookings(out chan<- prometheus.Metric) {
	t := g.Bookings.Table
	if t == nil {
		return
	}
	send := sender(out)
	for h := range g.meter.tickets {
		send(descTickets, prometheus.CounterValue, float64(g.meter.tickets[h].Load()), booking.Held(h).String())
	}
	stats := t.Stats()
	send(descBookings, prometheus.GaugeValue, float64(stats.Tickets))
	send(descBookingBytes, prometheus.GaugeValue, float64(stats.Bytes))
	send(descBookingLost, prometheus.GaugeValue, float64(stats.LostDays))
	for outcome, n := range map[string]uint64{"applied": stats.Applied, "repeated": stats.Repeated, "elsewhere": stats.Elsewhere,
		"late": stats.Late, "day_refused": stats.OutOfRange, "unreadable": stats.Unreadable, "no_room": stats.NoRoom} {
		send(descBookingRecords, prometheus.CounterValue, float64(n), outcome)
	}
	if g.Station != "" {
		send(descBookingHome, prometheus.CounterValue, float64(stats.Home))
	}
	s := g.Bookings.Replica.Status(g.Now(timeNow()).UnixMilli())
	for state := revocation.Booting; state <= revocation.Suspect; state++ {
		send(descBookingState, prometheus.GaugeValue, is(state == s.State), state.String())
	}
	age := -1.0
	if s.AgeMS >= 0 {
		age = float64(s.AgeMS) / 1000
	}
	send(descBookingAge, prometheus.GaugeValue, age)
	for _, o := range revocation.Outcomes() {
		send(descBookingBatches, prometheus.CounterValue, float64(s.Counts.Outcomes[o]), o.String())
	}
}

func sender(out chan<- prometheus.Metric) func(*prometheus.Desc, prometheus.ValueType, float64, ...string) {
	return func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
}

func is(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
