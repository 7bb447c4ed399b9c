package throttle

import (
	"errors"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/runtest"
)

// All or none is taken; a minute and a day begin anew by the clock, the day at
// Beijing's midnight; keys do not share.
func TestTakesAreBoundedByMinuteAndDay(t *testing.T) {
	now := time.Date(2026, 2, 10, 15, 58, 30, 0, time.UTC) // 23:58:30 in Beijing
	takes, err := NewBudget(Allowance{Minute: 3, Day: 5}, "spent", "enough", func() time.Time { return now })
	runtest.Must(t, err)
	take := func(key string, n int, retry time.Duration) {
		t.Helper()
		err := takes.Spend(key, n)
		var r *problem.Error
		switch {
		case retry == 0 && err != nil:
			t.Fatalf("%s %d: %v", key, n, err)
		case retry != 0 && (!errors.As(err, &r) || r.Code != "spent" || r.RetryAt != now.Add(retry).Unix()):
			t.Fatalf("%s %d: %+v, want again at %d", key, n, r, now.Add(retry).Unix())
		}
	}
	take("a", 2, 0)
	take("a", 2, 30*time.Second) // nothing of it is taken
	take("a", 1, 0)
	take("a", 1, 30*time.Second)
	take("b", 3, 0)
	now = now.Add(30 * time.Second) // 23:59:00
	take("a", 2, 0)
	take("a", 1, time.Minute) // of the day
	take("a", 1, time.Minute)
	now = now.Add(time.Minute)
	take("a", 3, 0)
	now = now.Add(-time.Hour) // a clock that is set back gives no second allowance for long
	take("a", 3, 0)

	free, err := NewBudget(Allowance{}, "spent", "", nil)
	if err != nil || free.Spend("a", 1<<40) != nil {
		t.Error("no bound binds")
	}
	if _, err := NewBudget(Allowance{Minute: -1}, "spent", "", nil); err == nil {
		t.Error("a negative bound is taken")
	}
}
