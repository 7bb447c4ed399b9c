package throttle

import (
	"errors"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/runtest"
)

// An amount is spent completely or not at all. Minutes and days follow the clock; a day ends at midnight in
// Beijing. Keys have separate budgets.
func TestBudgetIsBoundedByMinuteAndDay(t *testing.T) {
	now := time.Date(2026, 2, 10, 15, 58, 30, 0, time.UTC) // 23:58:30 in Beijing
	budget, err := NewBudget(Allowance{Minute: 3, Day: 5}, "spent", "enough", func() time.Time { return now })
	runtest.Must(t, err)
	spend := func(key string, n int, retry time.Duration) {
		t.Helper()
		err := budget.Spend(key, n)
		var r *problem.Error
		switch {
		case retry == 0 && err != nil:
			t.Fatalf("%s %d: %v", key, n, err)
		case retry != 0 && (!errors.As(err, &r) || r.Code != "spent" || r.RetryAt != now.Add(retry).Unix()):
			t.Fatalf("%s %d: %+v, want a retry at %d", key, n, r, now.Add(retry).Unix())
		}
	}
	spend("a", 2, 0)
	spend("a", 2, 30*time.Second) // nothing is spent
	spend("a", 1, 0)
	spend("a", 1, 30*time.Second)
	spend("b", 3, 0)
	now = now.Add(30 * time.Second) // 23:59:00
	spend("a", 2, 0)
	spend("a", 1, time.Minute) // the bound of the day
	spend("a", 1, time.Minute)
	now = now.Add(time.Minute)
	spend("a", 3, 0)
	now = now.Add(-time.Hour) // a clock that is set back grants at most one more allowance
	spend("a", 3, 0)

	free, err := NewBudget(Allowance{}, "spent", "", nil)
	if err != nil || free.Spend("a", 1<<40) != nil {
		t.Error("a budget without bounds refuses")
	}
	if _, err := NewBudget(Allowance{Minute: -1}, "spent", "", nil); err == nil {
		t.Error("a negative bound is accepted")
	}
}
