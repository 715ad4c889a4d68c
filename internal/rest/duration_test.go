package rest

import (
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"PT0S": 0, "PT1H30M": 90 * time.Minute, "PT0.5S": 500 * time.Millisecond, "-PT1M1.000000001S": -time.Minute - time.Second - 1,
		"PT2562047H47M16.854775807S": 1<<63 - 1, "PT59S": 59 * time.Second,
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || time.Duration(d) != want {
			t.Errorf("%s = %v, %v, want %v", text, time.Duration(d), err, want)
		}
		if got, err := Duration(want).MarshalText(); err != nil || string(got) != text {
			t.Errorf("%v = %s, %v, want %s", want, got, err, text)
		}
	}
	for text, want := range map[string]time.Duration{"P1D": 24 * time.Hour, "P1DT1H": 25 * time.Hour, "PT90M": 90 * time.Minute, "PT1.50S": 1500 * time.Millisecond} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || time.Duration(d) != want {
			t.Errorf("%s = %v, %v, want %v", text, time.Duration(d), err, want)
		}
	}
	for _, text := range []string{"", "P", "PT", "P1DT", "1h", "P1Y", "PT1", "PT.5S", "PT2562047H47M16.854775808S", "P999999999D", "PT1H ", "PT1H1H"} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q = %v, want an error", text, time.Duration(d))
		}
	}
}
