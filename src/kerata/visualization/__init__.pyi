"""Images with what was found in them: boxes, masks, labels; and galleries of them."""

from kerata.visualization.bounding_boxes import draw_bounding_boxes as draw_bounding_boxes
from kerata.visualization.box_gallery import plot_bounding_box_gallery as plot_bounding_box_gallery
from kerata.visualization.galleries import plot_image_gallery as plot_image_gallery
from kerata.visualization.segmentation_masks import (
    draw_segmentation_masks as draw_segmentation_masks,
    plot_segmentation_mask_gallery as plot_segmentation_mask_gallery,
)
