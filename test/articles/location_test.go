package articles_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/test/harness"
)

// This works without an account, and the application accepts the city. A city entered by hand is
// accepted if it matches the location.
func TestT08_CityIsFilledInFromTheLocation(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, place := range []struct {
			at   harness.Object
			city string
		}{
			{harness.Object{"latitude": 31.1945, "longitude": 121.3200}, "上海市"}, // Hongqiao station
			{harness.Object{"latitude": 42.8910, "longitude": 129.5000}, "延边朝鲜族自治州"},
			{harness.Object{"latitude": 30.3660, "longitude": 113.4540}, "仙桃市"},
		} {
			filled := harness.As[harness.Object](t, h.Call("POST", "/v1/location", "", place.at), http.StatusOK)
			if filled["city"] != place.city || filled["city_en"] == "" {
				t.Errorf("%v is %v", place.at, filled)
			}
			form := harness.With(h.Person().Application(), harness.Object{"city": filled["city"], "location": place.at})
			h.Call("POST", "/v1/applications", "", form).OK(t)
			for _, spelling := range []string{strings.TrimSuffix(place.city, "市"), " " + place.city + " "} {
				h.Call("POST", "/v1/applications", "", harness.With(form, harness.Object{"city": spelling})).OK(t)
			}
			h.Call("POST", "/v1/applications", "", harness.With(form, harness.Object{"city": "拉萨"})).Refused(t, credential.Relocate)
			h.Call("POST", "/v1/applications", "", harness.With(form, harness.Object{"city": "Atlantis"})).Refused(t, credential.CityInvalid)
		}
	})
}

// The next step says to locate again, to turn on the location service and to allow the app to use it.
// No application is used up.
func TestT29_FailedLocationIsRepeated(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person()
		says := func(a harness.Answer) {
			t.Helper()
			harness.As[harness.Problem](t, a, http.StatusUnprocessableEntity).NextStep.Has(t, "重新定位", "定位服务已开启并授权铁路12306App", "Relocate")
		}
		for code, place := range map[string]harness.Object{
			"location_missing": {"latitude": 39.9},
			"location_invalid": {"latitude": 39.9, "longitude": 181},
			"relocate":         {"latitude": 35.6812, "longitude": 139.7671},
		} {
			for _, a := range []harness.Answer{
				h.Call("POST", "/v1/location", "", place),
				h.Call("POST", "/v1/applications", "", harness.With(who.Application(), harness.Object{"location": place})),
			} {
				if !strings.Contains(string(a.Body), `"`+code+`"`) {
					t.Errorf("%v: %s, want %s", place, a.Body, code)
				}
				says(a)
			}
		}
		says(h.Call("POST", "/v1/applications", "", harness.With(who.Application(), harness.Object{"city": "上海"})))
		h.Approved(who) // the same phone, located again
		if n := strings.Count(h.Logs.String(), "139.76"); n != 0 {
			t.Errorf("the log contains a location %d times", n)
		}
	})
}
