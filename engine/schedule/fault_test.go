package schedule

import (
	"errors"
	"testing"
	"time"
)

func TestAFaultEndsTheTasksAndNotTheProgram(t *testing.T) {
	s, exec := newScheduler(t, 64, 256)
	exec.slow = time.Millisecond
	ended := make(chan error, 3)
	for i := range 3 {
		go func() {
			_, err := greedy(t.Context(), s, prompt(i, 5), 200)
			ended <- err
		}()
	}
	for exec.widest.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	exec.panics.Store(true)
	for range 3 {
		select {
		case err := <-ended:
			if !errors.Is(err, ErrFault) {
				t.Errorf("a task ended with %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("a task never ended")
		}
	}
	if err := s.Run(t.Context(), Task{Prompt: []int32{1}}); !errors.Is(err, ErrFault) {
		t.Errorf("a task after the fault: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
