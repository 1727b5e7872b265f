// Optimizers.cs in OpenCL C: one parameter at a time, in the same order of roundings.

typedef struct
{
    int kind;
    float rate;
    float momentum;
    float decay;
    float beta1;
    float beta2;
    float epsilon;
    float correction1;
    float correction2;
} optimizer;

enum { MOMENTUM, NESTEROV, ADAM };

inline void apply(const optimizer rule, float gradient, long k, global float *parameters, global float *state0, global float *state1)
{
    const float parameter = parameters[k];
    if (rule.kind == ADAM)
    {
        const float first = (rule.beta1 * state0[k]) + ((1 - rule.beta1) * gradient);
        const float second = (rule.beta2 * state1[k]) + ((1 - rule.beta2) * (gradient * gradient));
        state0[k] = first;
        state1[k] = second;
        const float size = sqrt(second * rule.correction2) + rule.epsilon;
        parameters[k] = parameter - (rule.rate * ((first * rule.correction1) / size)) - (rule.decay * parameter);
        return;
    }

    const float push = rule.rate * gradient;
    const float velocity = (rule.momentum * state0[k]) - push;
    state0[k] = velocity;
    const float step = rule.kind == NESTEROV ? (rule.momentum * velocity) - push : velocity;
    parameters[k] = parameter + step - (rule.decay * parameter);
}
