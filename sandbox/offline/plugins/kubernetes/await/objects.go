// Package await waits until objects are ready or gone, and says what they are waiting for.
package await

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"sandbox/plugins/base"
	"sandbox/plugins/kubernetes/cluster"
)

const (
	skipAwait         = "pulumi.com/skipAwait"
	timeoutSeconds    = "pulumi.com/timeoutSeconds"
	deletionPolicy    = "pulumi.com/deletionPropagationPolicy"
	defaultTimeout    = 10 * time.Minute
	interval          = 400 * time.Millisecond
	statusEvery       = 5 * time.Second
	troublesToMention = 8
	askTimeout        = 10 * time.Second
)

// Objects waits for objects of one cluster; Show tells the operator what is waited for.
type Objects struct {
	Cluster *cluster.Cluster
	Show    func(text string)
}

// limit is how long an object may take: the resource's custom timeout, else its annotation, else 10 minutes.
func limit(ctx context.Context, object *unstructured.Unstructured, seconds float64) (context.Context, context.CancelFunc) {
	fallback := defaultTimeout
	if given, err := strconv.Atoi(object.GetAnnotations()[timeoutSeconds]); err == nil {
		fallback = time.Duration(given) * time.Second
	}
	return base.Deadline(ctx, seconds, fallback)
}

// Check looks once whether `live` is ready; the text says what it waits for, the error that it never will be.
func (o Objects) Check(ctx context.Context, live *unstructured.Unstructured) (bool, string, error) {
	if live.GetAnnotations()[skipAwait] == "true" {
		return true, "", nil
	}
	if conditions, ok := live.GetAnnotations()[waitFor]; ok {
		return custom(conditions, live)
	}
	if check, ok := checks[live.GroupVersionKind().GroupKind()]; ok {
		return check(ctx, o, live)
	}
	return true, "", nil
}

// Ready waits until `object` is ready and gives it as it then is; also with an error, as it last was.
func (o Objects) Ready(
	ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured, seconds float64,
) (*unstructured.Unstructured, error) {
	bounded, cancel := limit(ctx, object, seconds)
	defer cancel()
	since := time.Now()
	live := object
	message := ""
	err := o.poll(bounded, func() (bool, string, error) {
		now, err := client.Get(bounded, object.GetName(), metav1.GetOptions{})
		if err != nil {
			return false, message, transient(err)
		}
		live = now
		var done bool
		done, message, err = o.Check(bounded, live)
		return done, message, err
	})
	if err == nil {
		return live, nil
	}
	troubles := o.troublesOf(ctx, live, since)
	if bounded.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("timed out after %s: %s", time.Since(since).Round(time.Second), message)
	}
	return live, WithTroubles(err, troubles)
}

// Delete deletes `object` and waits until it is gone, finalizers included. One that is not there is fine.
func (o Objects) Delete(
	ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured, seconds float64,
) error {
	bounded, cancel := limit(ctx, object, seconds)
	defer cancel()
	policy := metav1.DeletePropagationForeground
	if given := object.GetAnnotations()[deletionPolicy]; given != "" {
		policy = metav1.DeletionPropagation(given)
	}
	err := client.Delete(bounded, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &policy})
	if apierrors.IsNotFound(err) || err == nil && object.GetAnnotations()[skipAwait] == "true" {
		return nil
	}
	if err != nil {
		return err
	}
	since := time.Now()
	message := ""
	err = o.poll(bounded, func() (bool, string, error) {
		live, err := client.Get(bounded, object.GetName(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && object.GetUID() != "" && live.GetUID() != object.GetUID() {
			return true, "", nil
		}
		if err != nil {
			return false, message, transient(err)
		}
		message = remains(live)
		return false, message, nil
	})
	if bounded.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%s %q is not gone after %s: %s",
			object.GetKind(), object.GetName(), time.Since(since).Round(time.Second), message)
	}
	return err
}

// poll asks until `look` is done or fails, and shows its message now and then.
func (o Objects) poll(ctx context.Context, look func() (bool, string, error)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	shown, last := time.Now(), ""
	for {
		done, message, err := look()
		if done || err != nil {
			return err
		}
		if o.Show != nil && message != "" && (message != last || time.Since(shown) > statusEvery) {
			o.Show(message)
			shown, last = time.Now(), message
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// transient keeps only the errors that looking again will not cure.
func transient(err error) error {
	var status apierrors.APIStatus
	switch {
	case apierrors.IsServerTimeout(err), apierrors.IsTooManyRequests(err), apierrors.IsInternalError(err):
		return nil
	case errors.As(err, &status):
		return err
	}
	return nil // the connection: a control plane may restart
}

// remains says why an object that is being deleted is still there.
func remains(live *unstructured.Unstructured) string {
	text := "waiting until it is gone"
	if finalizers := live.GetFinalizers(); len(finalizers) > 0 {
		text = fmt.Sprintf("waiting for its finalizers %v", finalizers)
	}
	if live.GetKind() != "Namespace" {
		return text
	}
	// A namespace tells by its conditions what is still in it.
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, entry := range conditions {
		condition, _ := entry.(map[string]any)
		kind, _ := condition["type"].(string)
		if message, _ := condition["message"].(string); condition["status"] == "True" && kind != "" && message != "" {
			text += "; " + kind + ": " + message
		}
	}
	return text
}
