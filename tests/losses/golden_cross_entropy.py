"""How each file of tests/golden/cross_entropy is computed here: file name -> function of (params, **inputs).

Where a file holds a mean, "mean" is taken; where it holds one value per item, "none".
"""

import torch

import lossatlas as la


def of(loss, reduction="none", **renamed):
    """The loss with the recorded parameters; `renamed` gives new names to old ones."""

    def adapter(params, **inputs):
        hyper = {new: params[old] for new, old in renamed.items()}
        return loss(**inputs, **hyper, reduction=reduction)

    return adapter


def no_weights(params):
    """The recorded code writes a negative alpha for no class weights."""
    return {**params, "alpha": None if params["alpha"] < 0 else params["alpha"]}


def poly1_focal(params, logits, target):
    return la.poly1_focal_loss(logits, target, reduction="none", **no_weights(params))


def halted_focal(params, logits, target):
    assert params["beta"] == 1
    hyper = {key: value for key, value in no_weights(params).items() if key != "beta"}
    return la.halted_focal_loss(logits, 2 * target - 1, reduction="none", **hyper)


def harmonic(params, x, weight, target):
    hyper = {"n": params["n_paper"], "eps": params["eps"]}
    assert params["n_paper"] == 2 * params["n_code"]
    return {
        "prob": la.harmax(x, weight, **hyper),
        "nll": la.harmonic_loss(x, weight, target, **hyper, reduction="none"),
    }


def equiangular(params, features, basis, target):
    return la.equiangular_basis_loss(features, basis, target, **params, reduction="none")


def idw(params, queries, keys, values):
    return {
        "weights": la.inverse_distance_weights(queries, keys, **params),
        "output": la.inverse_distance_weighting_attention(queries, keys, values, **params),
    }


def l2_svm(params, logits, target, weight):
    penalty = params["C"]
    return {
        "squared_hinge_sum": la.l2_svm_loss(logits, target, reduction="sum"),
        "squared_hinge_mean": la.l2_svm_loss(logits, target),
        "gru_svm_objective": la.l2_svm_objective(logits, target, weight, penalty=penalty),
        "cnn_svm_objective": weight.square().mean() + penalty * la.l2_svm_loss(logits, target),
    }


def ldr_normalized(params, logits, target):
    return la.ldr_kl_loss(la.softplus_mean_normalize(logits), target, **params)


def aldr_normalized(params, logits, target):
    """Two calls of the module, and the same two by the pure functions."""
    module, index = la.ALDRKLLoss(len(target), **params).double(), torch.arange(len(target))
    scores = la.mean_abs_normalize(logits)
    found, lam = {}, None
    for call in ("1", "2"):
        found[f"loss_call_{call}"] = module(scores, target, index)
        torch.testing.assert_close(la.aldr_kl_loss(scores, target, lam=lam, **params), found[f"loss_call_{call}"])
        lam = found[f"lambda_after_{call}"] = module.temperature.clone()
    return found


def ce_minus_log_k(params, logits, target):
    return la.ldr_kl_loss(logits, target, lam=1.0, margin=0.0)


def comp_sum_gce(params, logits, target):
    value = la.comp_sum_loss(logits, target, tau=params["tau"])
    torch.testing.assert_close(la.generalized_cross_entropy(logits, target, q=params["q"]), value)
    return value


def symmetric_ce(params, logits, target):
    """(1 - b) CE + b A (1 - p_y): two losses of this family added."""
    b, a = params["balance"], params["A"]
    return (1 - b) * la.cross_entropy(logits, target) + b * a * la.mean_absolute_error(logits, target) / 2


def unit_spherical_softmax(params, logits, target):
    """The recorded code divides the logits by their length first."""
    scores = logits / logits.norm(dim=-1, keepdim=True)
    return la.spherical_softmax_loss(scores, target, eps=params["epsilon"])


ADAPTERS = {
    "aldr_kl_normalized": aldr_normalized,
    "aldr_kl_normalized_a15_lam05": aldr_normalized,
    "ce_minus_logk": ce_minus_log_k,
    "comp_sum_gce_q03": comp_sum_gce,
    "comp_sum_tau05": of(la.comp_sum_loss, tau="tau"),
    "comp_sum_tau15": of(la.comp_sum_loss, tau="tau"),
    "comp_sum_tau20": of(la.comp_sum_loss, tau="tau"),
    "crammer_singer_hinge": of(la.crammer_singer_hinge, "mean", margin="margin"),
    "ebv_loss": equiangular,
    "ebv_loss_nosmooth": equiangular,
    "encouraging_loss": of(la.encouraging_loss, log_end="log_end"),
    "encouraging_loss_le1": of(la.encouraging_loss, log_end="log_end"),
    "halted_focal_loss": halted_focal,
    "halted_focal_loss_noalpha": halted_focal,
    "harmonic_loss_n2": harmonic,
    "harmonic_loss_n8": harmonic,
    "idw_attention": idw,
    "l2_svm": l2_svm,
    "ldr_kl_normalized": ldr_normalized,
    "ldr_kl_normalized_m2_lam05": ldr_normalized,
    "poly1_cross_entropy": of(la.poly1_cross_entropy, epsilon="epsilon"),
    "poly1_cross_entropy_epsm1": of(la.poly1_cross_entropy, epsilon="epsilon"),
    "poly1_focal": poly1_focal,
    "poly1_focal_epsm1_noalpha": poly1_focal,
    "sce_balance": symmetric_ce,
    "spherical_softmax_loss": unit_spherical_softmax,
    "weston_watkins_mean": of(la.weston_watkins_hinge, "mean", margin="margin"),
    "z_loss": of(la.spherical_z_loss, a="a", b="b"),
}
