package main

import (
	"github.com/railgate/railgate/issuance/api"
)

// throttle is what holds back floods and guesses.
type throttle struct {
	InFlight        int `toml:"in_flight" doc:"requests served at once for all but staff; more get a 503"`
	InFlightNetwork int `toml:"in_flight_network" doc:"of those, the requests of one network; 0: three quarters"`
	InFlightStaff   int `toml:"in_flight_staff" doc:"staff requests served at once besides those, three quarters of them for one credential"`
}

func defaultThrottle() throttle {
	return throttle{InFlight: api.DefaultMaxInFlight, InFlightStaff: api.DefaultMaxStaff}
}

// maxInFlight keeps the memory of bodies that arrive below 1 GiB.
const maxInFlight = 8192

func (t throttle) validate(fault func(path, format string, args ...any)) {
	if t.InFlight < 1 || t.InFlight > maxInFlight {
		fault("throttle.in_flight", "must be 1 to %d", maxInFlight)
	}
	if t.InFlightNetwork < 0 || t.InFlightNetwork > t.InFlight {
		fault("throttle.in_flight_network", "must be 0 to in_flight")
	}
	if t.InFlightStaff < 1 || t.InFlightStaff > maxInFlight {
		fault("throttle.in_flight_staff", "must be 1 to %d", maxInFlight)
	}
}
